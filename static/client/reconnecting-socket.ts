import type { ClientFrame, ServerFrame } from '../../schemas/frame.js'
import { BEARER_PREFIX, closeCodes, SUBPROTOCOL } from '../../schemas/wire.js'
import { ApiError } from './api-error.js'
import { type Backoff, backoffDelay } from './backoff.js'
import type { Socket, SocketConstructor } from './socket.js'

export type ConnectionState =
  | { name: 'connecting' }
  | { name: 'open' }
  /** The next attempt is at `until`, ms since 1970. */
  | { name: 'waiting'; until: number }
  /** It does not reconnect automatically. `login`: get a new token, then call `connect()`. */
  /** No socket can be opened, but the server answers over HTTP, which takes its place until an attempt succeeds. */
  | { name: 'over_http' }
  | { name: 'closed'; next: 'login' | 'stop'; code: number; reason: string }

export interface ReconnectingSocketOptions {
  /** The server's base URL, such as `https://talkie.example`. */
  base_url: string
  /** The browser's WebSocket, or that of `ws` in Node 20, which has none. */
  WebSocket: SocketConstructor
  /** Called before every attempt. An ApiError with status 401 closes with `login`; others are failed attempts. */
  token: () => string | Promise<string>
  backoff: Backoff
  /** A handshake that takes longer has failed, ms. */
  connect_ms: number
  /** How long `check` waits for any frame, ms. */
  check_ms: number
  on_state: (state: ConnectionState) => void
  on_frame: (frame: ServerFrame) => void
}

const actions = new Map<number, 'reconnect' | 'login' | 'stop'>(
  Object.values(closeCodes).map(({ code, next }) => [code, next]),
)

/** The longest `retry_after_ms` of a server that is honored. */
const RETRY_AFTER_MAX_MS = 5 * 60_000

/**
 * One WebSocket that reconnects, with exponential backoff and full jitter or after the delay that a restarting server
 * names, unless the close code says `login` or `stop`. A dead connection is detected by a heartbeat: after half of
 * `heartbeat_ms` without a frame a `ping` is sent, after one and a half the socket is dropped.
 */
export function createReconnectingSocket(options: ReconnectingSocketOptions) {
  let state: ConnectionState = { name: 'connecting' }
  let socket: Socket | null = null
  let failures = 0
  /** Attempts since the last one that opened. */
  let unopened = 0
  let heartbeat_ms = 30_000
  /** Half heartbeats since the last frame. */
  let silent = 0
  /** Depends on the state: the next attempt, the handshake's timeout, or the next heartbeat check. */
  let timer: ReturnType<typeof setTimeout> | undefined
  let probe: ReturnType<typeof setTimeout> | undefined
  /** Identifies an attempt, so that one which was given up while it waited for its token is dropped. */
  let attempts = 0

  function enter(next: ConnectionState) {
    state = next
    options.on_state(next)
  }

  function connect() {
    if (state.name === 'open' || (state.name === 'connecting' && attempts > 0)) return
    clearTimeout(timer)
    const mine = ++attempts
    timer = setTimeout(reconnectLater, options.connect_ms)
    enter({ name: 'connecting' })
    Promise.resolve()
      .then(options.token)
      .then(
        token => {
          if (mine === attempts) open(token)
        },
        error => {
          if (mine !== attempts) return
          if (error instanceof ApiError && error.status === 401) end('login', closeCodes.unauthorized.code, error.code)
          else reconnectLater()
        },
      )
  }

  function open(token: string) {
    const url = `${options.base_url.replace(/^http/, 'ws').replace(/\/+$/, '')}/ws`
    let opening: Socket
    try {
      opening = new options.WebSocket(url, [SUBPROTOCOL, BEARER_PREFIX + token])
    } catch {
      // A token that cannot be sent as a subprotocol counts as an invalid one.
      return end('login', closeCodes.unauthorized.code, 'malformed token')
    }
    socket = opening
    opening.onopen = () => {
      silent = 0
      unopened = 0
      clearTimeout(timer)
      timer = setTimeout(heartbeat, heartbeat_ms / 2)
      enter({ name: 'open' })
    }
    opening.onmessage = ({ data }) => receive(data)
    opening.onclose = ({ code, reason }) => closed(code, reason)
    // `close` follows, with all that can be known.
    opening.onerror = () => {}
  }

  function receive(data: unknown) {
    silent = 0
    let frame: ServerFrame
    try {
      frame = JSON.parse(data as string)
    } catch {
      // If it was an event, the next one reveals the gap.
      return
    }
    if (frame === null || typeof frame !== 'object') return
    // A server that closes at once, for example at its connection limit, never gets here, so its clients back off.
    failures = 0
    if (frame.type === 'welcome' && frame.heartbeat_ms !== heartbeat_ms) {
      heartbeat_ms = frame.heartbeat_ms
      clearTimeout(timer)
      timer = setTimeout(heartbeat, heartbeat_ms / 2)
    }
    options.on_frame(frame)
  }

  function closed(code: number, reason: string) {
    const next = actions.get(code) ?? 'reconnect'
    if (next === 'reconnect') reconnectLater(code === closeCodes.restarting.code ? delayIn(reason) : undefined)
    else end(next, code, reason)
  }

  /** Drops the socket without waiting for its `close` event, which may never come, and reconnects later. */
  function reconnectLater(retry_after_ms?: number) {
    if (state.name === 'connecting' && socket !== null) unopened++
    dropSocket()
    const delay = retry_after_ms ?? backoffDelay(failures, options.backoff)
    failures++
    timer = setTimeout(connect, delay)
    enter({ name: 'waiting', until: Date.now() + delay })
  }

  function end(next: 'login' | 'stop', code: number, reason: string) {
    dropSocket()
    enter({ name: 'closed', next, code, reason })
  }

  function dropSocket() {
    attempts++
    clearTimeout(timer)
    clearTimeout(probe)
    probe = undefined
    if (!socket) return
    socket.onopen = socket.onmessage = socket.onclose = null
    socket.close()
    socket = null
  }

  function heartbeat() {
    silent++
    if (silent > 3) return reconnectLater()
    if (silent > 1) send({ type: 'ping' })
    timer = setTimeout(heartbeat, heartbeat_ms / 2)
  }

  /** @returns whether the frame was handed to an open socket; it may still be lost */
  function send(frame: ClientFrame): boolean {
    if (state.name !== 'open' || !socket) return false
    socket.send(JSON.stringify(frame))
    return true
  }

  /**
   * Call it when the page becomes visible or the network returns: a waiting socket reconnects at once, an open one is
   * checked with a `ping`.
   */
  function check() {
    if (state.name === 'waiting') return connect()
    if (state.name !== 'open' || probe !== undefined) return
    silent = 1
    send({ type: 'ping' })
    probe = setTimeout(() => {
      probe = undefined
      if (silent > 0) reconnectLater()
    }, options.check_ms)
  }

  return {
    get state() {
      return state
    },
    /** Attempts in a row that did not open. */
    get unopened() {
      return unopened
    },
    connect,
    send,
    check,
    /** The token was not accepted over HTTP. */
    unauthorized: (reason: string) => end('login', closeCodes.unauthorized.code, reason),
    close: () => end('stop', 1000, 'closed by the client'),
  }
}

function delayIn(reason: string): number | undefined {
  try {
    const { retry_after_ms } = JSON.parse(reason)
    if (Number.isFinite(retry_after_ms) && retry_after_ms >= 0) return Math.min(retry_after_ms, RETRY_AFTER_MAX_MS)
  } catch {}
  return undefined
}
