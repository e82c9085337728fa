import type { EventFrame, ServerFrame, ServerFrames } from '../../schemas/frame.js'
import { limits } from '../../schemas/wire.js'
import { ApiError } from './api-error.js'
import { type Backoff, backoffDelay } from './backoff.js'
import type { Http } from './http.js'
import { type Ack, createOutbox, type Pending, type PendingStorage } from './outbox.js'
import { createOverHttp } from './over-http.js'
import { createPosition, type ResumePoint } from './position.js'
import { type ConnectionState, createReconnectingSocket } from './reconnecting-socket.js'
import type { RoomEvent, RoomListener } from './room-listener.js'
import type { SocketConstructor } from './socket.js'
import { uuidv7 } from './uuid.js'

export interface ConnectionOptions {
  /** The server's base URL, such as `https://talkie.example`. */
  base_url: string
  /** The browser's WebSocket, or that of `ws` in Node 20, which has none. */
  WebSocket: SocketConstructor
  /** Called before every attempt. An ApiError with status 401 closes with `login`; others are failed attempts. */
  token: () => string | Promise<string>
  /** Takes the socket's place while none can be opened, as behind a proxy that drops the header `Upgrade`. */
  http?: Http
  on_state?: (state: ConnectionState) => void
  /** Frames of no subscribed room: `profile`, and `admitted` and `read` of rooms without a subscription. */
  on_frame?: (frame: ServerFrame) => void
  /** The outcome of every send, edit and delete, also of those that `storage` kept from an earlier visit. */
  on_settled?: (pending: Pending, outcome: Ack | ApiError) => void
  /** Keeps unacknowledged requests over a reload; without it they are lost with the page. */
  storage?: PendingStorage
  /** `base_ms` 1,000, `cap_ms` 30,000 and `Math.random` by default. */
  backoff?: Partial<Backoff>
  /** A handshake that takes longer has failed, ms; 15,000 by default. */
  connect_ms?: number
  /** How long `check` waits for any frame, ms; 5,000 by default. */
  check_ms?: number
  /**
   * Requests in flight per room. 1 by default: then the log keeps the order of sending, even if a rate limit refuses
   * one of them for a while. More is faster when there is no rate limit.
   */
  in_flight_max?: number
  /** Unacknowledged requests in total, 1,000 by default; beyond it new ones are refused with `QUEUE_FULL`. */
  pending_max?: number
}

export interface Request {
  client_id: string
  /** Rejects with an ApiError if the server refuses the request, or with `CLOSED` if the connection is closed first. */
  ack: Promise<Ack>
}

interface Subscription {
  position: ReturnType<typeof createPosition>
  listener: RoomListener
  /** Gaps and retryable errors since the last event, to back off from a faulty server. */
  retries: number
  timer?: ReturnType<typeof setTimeout> | undefined
}

/** After so many attempts without an open socket, HTTP is tried. */
const UNOPENED_MAX = 3

/** Errors that end a subscription. */
const ENDING = new Set(['NOT_MEMBER', 'ROOM_NOT_FOUND', 'TOO_MANY_SUBSCRIPTIONS'])

export type Connection = ReturnType<typeof createConnection>

/**
 * One socket for any number of rooms, which reconnects automatically.
 *
 * Guarantees: the listener of a subscribed room gets every event exactly once and in order, over reconnects, duplicates
 * and gaps, or is told to start anew. A send, edit or delete is retried with its client_id, in order, until the server
 * acknowledges or refuses it; retries are idempotent.
 */
export function createConnection(options: ConnectionOptions) {
  const backoff: Backoff = { base_ms: 1000, cap_ms: 30_000, random: Math.random, ...options.backoff }
  const rooms = new Map<string, Subscription>()

  const socket = createReconnectingSocket({
    base_url: options.base_url,
    WebSocket: options.WebSocket,
    token: options.token,
    backoff,
    connect_ms: options.connect_ms ?? 15_000,
    check_ms: options.check_ms ?? 5000,
    on_state(state) {
      const was_over_http = overHttp?.active
      if (state.name === 'open' || state.name === 'closed') overHttp?.stop()
      else if (socket.unopened >= UNOPENED_MAX) overHttp?.start()
      // `on_change` has told of the end, and until then no attempt to open a socket is worth telling.
      if (!was_over_http) tell(state)
    },
    on_frame: receive,
  })

  const outbox = createOutbox({
    transmit: pending => socket.send(pending) || Boolean(overHttp?.send(pending)),
    on_settled: (pending, outcome) => options.on_settled?.(pending, outcome),
    backoff,
    in_flight_max: options.in_flight_max ?? 1,
    pending_max: options.pending_max ?? 1000,
    ...(options.storage && { storage: options.storage }),
  })

  const overHttp =
    options.http &&
    createOverHttp({
      ...{ http: options.http, rooms, outbox },
      on_change: () => tell(currentState()),
      on_ended(room_id, error) {
        const room = rooms.get(room_id)
        if (room) end(room_id, room, error)
      },
      on_unauthorized: ({ code }) => socket.unauthorized(code),
    })

  const currentState = (): ConnectionState => (overHttp?.active ? { name: 'over_http' } : socket.state)

  function tell(state: ConnectionState) {
    const can_send = state.name === 'open' || state.name === 'over_http'
    for (const [room_id, room] of rooms) {
      if (state.name === 'open') subscribe(room)
      else if (can_send) outbox.open(room_id)
      else pause(room_id, room)
    }
    for (const { room_id } of outbox.pending()) {
      if (rooms.has(room_id)) continue
      if (can_send) outbox.open(room_id)
      else outbox.pause(room_id)
    }
    options.on_state?.(state)
  }

  function subscribe(room: Subscription) {
    clearTimeout(room.timer)
    socket.send(room.position.subscribe())
  }

  function subscribeLater(room: Subscription, delay: number) {
    clearTimeout(room.timer)
    room.timer = setTimeout(subscribe, delay, room)
  }

  function pause(room_id: string, room: Subscription) {
    clearTimeout(room.timer)
    room.position.pause()
    outbox.pause(room_id)
  }

  function resubscribe(room_id: string, room: Subscription) {
    pause(room_id, room)
    socket.send({ type: 'unsubscribe', room_id })
    if (room.retries === 0) subscribe(room)
    else subscribeLater(room, backoffDelay(room.retries, backoff))
    room.retries++
  }

  function receive(frame: ServerFrame | EventFrame) {
    if (frame.type === 'ack') return outbox.ack(frame)
    const room = 'room_id' in frame && frame.room_id !== undefined ? rooms.get(frame.room_id) : undefined
    if (frame.type === 'error') return refused(frame, room)
    if (!room || !('room_id' in frame)) return options.on_frame?.(frame as ServerFrame)
    const room_id = frame.room_id as string
    switch (frame.type) {
      case 'welcome':
        if (room.position.welcome(frame)) room.listener.start(frame.seq, frame.epoch)
        if (room.position.live) outbox.open(room_id)
        return room.listener.frame?.(frame)
      case 'reset':
        if (room.position.reset(frame)) room.listener.start(frame.seq, frame.epoch)
        return outbox.open(room_id)
      case 'typing':
      case 'presence':
      case 'read':
      case 'seen':
        return room.listener.frame?.(frame)
      case 'direct':
        return options.on_frame?.(frame)
      case 'unsubscribed':
      case 'unchanged':
        return
      default:
        // Also an event type of a later server: to drop it would be a gap.
        return event(room_id, room, frame as RoomEvent)
    }
  }

  function event(room_id: string, room: Subscription, frame: RoomEvent) {
    if (!Number.isSafeInteger(frame.seq)) return
    const verdict = room.position.event(frame.seq, frame.type === 'reactions' ? frame.after : undefined)
    if (verdict === 'gap') resubscribe(room_id, room)
    if (verdict !== 'take') return
    room.retries = 0
    room.listener.event(frame)
  }

  function refused(frame: ServerFrames['error'], room: Subscription | undefined) {
    const { room_id, client_id } = frame
    if (client_id !== undefined) {
      if (frame.code === 'NOT_SUBSCRIBED' && room && room_id) return resubscribe(room_id, room)
      return outbox.refuse(client_id, frame)
    }
    if (!room || room_id === undefined) return options.on_frame?.(frame)
    if (ENDING.has(frame.code)) return end(room_id, room, ApiError.of(frame))
    if (room.position.subscribing) subscribeLater(room, frame.retry_after_ms ?? backoffDelay(room.retries++, backoff))
    else if (frame.code === 'NOT_SUBSCRIBED') resubscribe(room_id, room)
    room.listener.frame?.(frame)
  }

  function end(room_id: string, room: Subscription, error: ApiError) {
    pause(room_id, room)
    rooms.delete(room_id)
    outbox.end(room_id, error)
    room.listener.ended?.(error)
  }

  function request(pending: Pending): Request {
    // In a subscribed room the request waits for the welcome; in any other it needs only an open socket.
    const is_unsubscribed = !rooms.has(pending.room_id) && socket.state.name === 'open'
    if (is_unsubscribed || overHttp?.active) outbox.open(pending.room_id)
    return { client_id: pending.client_id, ack: outbox.add(pending) }
  }

  socket.connect()

  return {
    get state() {
      return currentState()
    },

    /**
     * Subscribes to a room.
     * @param from where to resume; without it the listener's `start` is called
     * @throws ApiError TOO_MANY_SUBSCRIPTIONS
     */
    subscribe(room_id: string, listener: RoomListener, from?: ResumePoint) {
      if (rooms.has(room_id)) throw new Error(`Room ${room_id} is already subscribed to`)
      if (rooms.size >= limits.ROOMS_PER_SOCKET_MAX) {
        throw new ApiError(0, 'TOO_MANY_SUBSCRIPTIONS', `${rooms.size} rooms are already subscribed to`)
      }
      const room: Subscription = { position: createPosition(room_id, from), listener, retries: 0 }
      rooms.set(room_id, room)
      if (socket.state.name === 'open') subscribe(room)
      else if (overHttp?.active) overHttp.hurry()
    },

    /** Ends a subscription. The room's unacknowledged requests stay, and are sent when it is subscribed to again. */
    unsubscribe(room_id: string) {
      const room = rooms.get(room_id)
      if (!room) return
      pause(room_id, room)
      rooms.delete(room_id)
      socket.send({ type: 'unsubscribe', room_id })
    },

    /** The resume point of a subscribed room; null before its first welcome. */
    resumePoint: (room_id: string): ResumePoint | null => rooms.get(room_id)?.position.point ?? null,

    /** @param more.client_id that of an earlier attempt, if this is the same message */
    send(room_id: string, text: string, more: { reply_to?: number; client_id?: string } = {}): Request {
      return request({ type: 'send', room_id, client_id: more.client_id ?? uuidv7(), text, ...pick(more.reply_to) })
    },
    edit(room_id: string, id: number, text: string, client_id: string = uuidv7()): Request {
      return request({ type: 'edit', room_id, client_id, id, text })
    },
    delete(room_id: string, id: number, client_id: string = uuidv7()): Request {
      return request({ type: 'delete', room_id, client_id, id })
    },
    /** Sends, edits and deletes that are neither acknowledged nor refused, oldest first in each room. */
    pending: () => outbox.pending(),

    /** `typing` and `read` are ephemeral: they are dropped while the socket is not open. Marks go over HTTP, too. */
    typing: (room_id: string, on: boolean) => void socket.send({ type: 'typing', room_id, on }),
    read(room_id: string, seq: number) {
      if (!socket.send({ type: 'read', room_id, seq }) && overHttp?.active) overHttp.read(room_id, seq)
    },
    /** Sends a new token of the same user, so that the socket stays open when the old one expires. */
    auth: (token: string) => void socket.send({ type: 'auth', token }),

    /** Call it when the page becomes visible or the network returns: reconnects at once, or checks an open socket. */
    check() {
      socket.check()
      overHttp?.hurry()
    },
    /** Reconnects after a close with `login` or `stop`, or at once instead of waiting. */
    connect: socket.connect,
    close() {
      socket.close()
      outbox.close()
    },
  }
}

const pick = (reply_to: number | undefined) => (reply_to === undefined ? {} : { reply_to })
