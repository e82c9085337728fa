import type { ClientFrame, ServerFrame } from '../../schemas/frame.js'
import { BEARER_PREFIX, closeCodes, SUBPROTOCOL } from '../../schemas/wire.js'
import { ApiError } from './api-error.js'
import { type Backoff, backoffDelay } from './backoff.js'
import type { Socket, SocketConstructor } from './socket.js'

export type ConnectionState =
  | { name: 'connecting' }
  | { name: 'open' }
  /** The next try is at `until` (ms since 1970). */
  | { name: 'waiting'; until: number }
  /** It does not come back by itself: `login` wants another token first, then `connect()`. */
  | { name: 'closed'; next: 'login' | 'stop'; code: number; reason: string }

export interface ReconnectingSocketOptions {
  /** Where the server is, as `https://talkie.example`. */
  base_url: string
  /** The browser's, or that of `ws` in Node 20, which has none. */
  WebSocket: SocketConstructor
  /** Asked before every try. An ApiError with status 401 closes the link with `login`, any other error is a failed try. */
  token: () => string | Promise<string>
  backoff: Backoff
  /** A handshake that takes longer failed, ms. */
  connect_ms: number
  /** How long `check` waits for a sign of life, ms. */
  check_ms: number
  on_state: (state: ConnectionState) => void
  on_frame: (frame: ServerFrame) => void
}

const actions = new Map<number, 'reconnect' | 'login' | 'stop'>(
  Object.values(closeCodes).map(({ code, next }) => [code, next]),
)

/** A server's wish to wait is obeyed up to this. */
const WAIT_MAX_MS = 5 * 60_000

/**
 * One WebSocket that comes back: after any loss but those whose close code says `login` or `stop`, with full jitter,
 * or after the delay that a restarting server names. A socket that only looks alive is dropped: after half of
 * `heartbeat_ms` in silence it is asked (`ping`), after one and a half it is given up.
 */
export function createReconnectingSocket(options: ReconnectingSocketOptions) {
  let state: ConnectionState = { name: 'connecting' }
  let socket: Socket | null = null
  let attempt = 0
  let heartbeat_ms = 30_000
  /** Half heartbeats since the last frame. */
  let silent = 0
  /** Of the state: the next try, the handshake's end, or the next look at the silence. */
  let timer: ReturnType<typeof setTimeout> | undefined
  let probe: ReturnType<typeof setTimeout> | undefined
  /** Tells a try that was given up while it waited for its token. */
  let tries = 0

  function enter(next: ConnectionState) {
    state = next
    options.on_state(next)
  }

  function connect() {
    if (state.name === 'open' || (state.name === 'connecting' && tries > 0)) return
    clearTimeout(timer)
    const mine = ++tries
    timer = setTimeout(lose, options.connect_ms)
    enter({ name: 'connecting' })
    Promise.resolve()
      .then(options.token)
      .then(
        token => {
          if (mine === tries) open(token)
        },
        error => {
          if (mine !== tries) return
          if (error instanceof ApiError && error.status === 401) end('login', closeCodes.unauthorized.code, error.code)
          else lose()
        },
      )
  }

  function open(token: string) {
    const url = `${options.base_url.replace(/^http/, 'ws').replace(/\/+$/, '')}/ws`
    let opening: Socket
    try {
      opening = new options.WebSocket(url, [SUBPROTOCOL, BEARER_PREFIX + token])
    } catch {
      // A token that no subprotocol can carry is as good as an invalid one.
      return end('login', closeCodes.unauthorized.code, 'malformed token')
    }
    socket = opening
    opening.onopen = () => {
      silent = 0
      clearTimeout(timer)
      timer = setTimeout(listen, heartbeat_ms / 2)
      enter({ name: 'open' })
    }
    opening.onmessage = ({ data }) => receive(data)
    opening.onclose = ({ code, reason }) => closed(code, reason)
    // `close` follows and says all that can be known.
    opening.onerror = () => {}
  }

  function receive(data: unknown) {
    silent = 0
    let frame: ServerFrame
    try {
      frame = JSON.parse(data as string)
    } catch {
      // Had it been an event, the next one shows the hole.
      return
    }
    if (frame === null || typeof frame !== 'object') return
    // A server that closes at once, as with too many connections, never gets here: its clients wait longer and longer.
    attempt = 0
    if (frame.type === 'welcome' && frame.heartbeat_ms !== heartbeat_ms) {
      heartbeat_ms = frame.heartbeat_ms
      clearTimeout(timer)
      timer = setTimeout(listen, heartbeat_ms / 2)
    }
    options.on_frame(frame)
  }

  function closed(code: number, reason: string) {
    const next = actions.get(code) ?? 'reconnect'
    if (next === 'reconnect') lose(code === closeCodes.restarting.code ? delayIn(reason) : undefined)
    else end(next, code, reason)
  }

  /** Gives the socket up without waiting for its close, which may never come, and tries again later. */
  function lose(wished_ms?: number) {
    letGo()
    const delay = wished_ms ?? backoffDelay(attempt, options.backoff)
    attempt++
    timer = setTimeout(connect, delay)
    enter({ name: 'waiting', until: Date.now() + delay })
  }

  function end(next: 'login' | 'stop', code: number, reason: string) {
    letGo()
    enter({ name: 'closed', next, code, reason })
  }

  function letGo() {
    tries++
    clearTimeout(timer)
    clearTimeout(probe)
    probe = undefined
    if (!socket) return
    socket.onopen = socket.onmessage = socket.onclose = null
    socket.close()
    socket = null
  }

  function listen() {
    silent++
    if (silent > 3) return lose()
    if (silent > 1) send({ type: 'ping' })
    timer = setTimeout(listen, heartbeat_ms / 2)
  }

  /** @returns whether it was handed to an open socket, which does not mean that it arrives */
  function send(frame: ClientFrame): boolean {
    if (state.name !== 'open' || !socket) return false
    socket.send(JSON.stringify(frame))
    return true
  }

  /**
   * For when the page comes back to the eye or the network returns: tries at once where it waits, and asks an open
   * socket for a sign of life.
   */
  function check() {
    if (state.name === 'waiting') return connect()
    if (state.name !== 'open' || probe !== undefined) return
    silent = 1
    send({ type: 'ping' })
    probe = setTimeout(() => {
      probe = undefined
      if (silent > 0) lose()
    }, options.check_ms)
  }

  return {
    get state() {
      return state
    },
    connect,
    send,
    check,
    close: () => end('stop', 1000, 'closed by the client'),
  }
}

function delayIn(reason: string): number | undefined {
  try {
    const { retry_after_ms } = JSON.parse(reason)
    if (Number.isFinite(retry_after_ms) && retry_after_ms >= 0) return Math.min(retry_after_ms, WAIT_MAX_MS)
  } catch {}
  return undefined
}
