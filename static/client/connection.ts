import type { EventFrame, ServerFrame, ServerFrames } from '../../schemas/frame.js'
import { limits } from '../../schemas/wire.js'
import { ApiError } from './api-error.js'
import { type Backoff, backoffDelay } from './backoff.js'
import { type Ack, createOutbox, type Pending, type PendingStorage } from './outbox.js'
import { createPosition, type ResumePoint } from './position.js'
import { type ConnectionState, createReconnectingSocket } from './reconnecting-socket.js'
import type { SocketConstructor } from './socket.js'
import { uuidv7 } from './uuid.js'

export interface ConnectionOptions {
  /** Where the server is, as `https://talkie.example`. */
  base_url: string
  /** The browser's, or that of `ws` in Node 20, which has none. */
  WebSocket: SocketConstructor
  /** Asked before every try. An ApiError with status 401 closes with `login`, any other error is a failed try. */
  token: () => string | Promise<string>
  on_state?: (state: ConnectionState) => void
  /** Frames of no followed room: `profile`, and `admitted` and `read` of rooms that are not followed. */
  on_frame?: (frame: ServerFrame) => void
  /** The end of every send, edit and delete, also of those that `storage` kept from before. */
  on_settled?: (pending: Pending, outcome: Ack | ApiError) => void
  /** Keeps what is unacknowledged over a reload. */
  storage?: PendingStorage
  /** `base_ms` 1,000, `cap_ms` 30,000 and `Math.random` by default. */
  backoff?: Partial<Backoff>
  /** A handshake that takes longer failed, ms; 15,000 by default. */
  connect_ms?: number
  /** How long `check` waits for a sign of life, ms; 5,000 by default. */
  check_ms?: number
  /**
   * Requests of one room under way at once. 1 by default: then what was sent first is first in the log, even where a
   * limit refuses one of them for a while. More is faster where no limit is set.
   */
  in_flight_max?: number
  /** Unacknowledged requests kept at once, 1,000 by default; beyond, they are refused with `QUEUE_FULL`. */
  pending_max?: number
}

/** What one followed room tells. */
export interface RoomListener {
  /**
   * What is held of the room is void, and events from seq + 1 on follow: load the newest page over HTTP, one whose
   * `seq` is at least this. Told where the room was followed without a resume point, and where the server could not
   * go on from there.
   */
  start(seq: number, epoch: string): void
  /** Every event, once, in order, without a hole: also of types that this client does not know. */
  event(event: EventFrame): void
  /** Whatever else concerns the room. */
  frame?(frame: ServerFrames['welcome' | 'typing' | 'presence' | 'read' | 'error']): void
  /** The room is followed no longer: not a member (any more), no such room, too many rooms. */
  ended?(error: ApiError): void
}

export interface Request {
  client_id: string
  /** Rejects with an ApiError where the server refused it, or the connection was closed before. */
  ack: Promise<Ack>
}

interface Followed {
  position: ReturnType<typeof createPosition>
  listener: RoomListener
  /** Holes and passing refusals since the last event, so that a faulty server is not asked without pause. */
  repeats: number
  timer?: ReturnType<typeof setTimeout> | undefined
}

/** Errors of a room that end its being followed. */
const ENDING = new Set(['NOT_MEMBER', 'ROOM_NOT_FOUND', 'TOO_MANY_SUBSCRIPTIONS'])

export type Connection = ReturnType<typeof createConnection>

/**
 * One socket for any number of rooms, which reconnects by itself.
 *
 * What is promised: a followed room's listener sees every event once and in the log's order, over reconnects, repeats
 * and holes, or is told to start anew. A send, edit or delete is repeated with its client_id, in order, until the
 * server acknowledges or refuses it.
 */
export function createConnection(options: ConnectionOptions) {
  const backoff: Backoff = { base_ms: 1000, cap_ms: 30_000, random: Math.random, ...options.backoff }
  const rooms = new Map<string, Followed>()

  const link = createReconnectingSocket({
    base_url: options.base_url,
    WebSocket: options.WebSocket,
    token: options.token,
    backoff,
    connect_ms: options.connect_ms ?? 15_000,
    check_ms: options.check_ms ?? 5000,
    on_state(state) {
      for (const [room_id, room] of rooms) {
        if (state.name === 'open') ask(room)
        else lose(room_id, room)
      }
      for (const { room_id } of outbox.pending()) {
        if (rooms.has(room_id)) continue
        if (state.name === 'open') outbox.open(room_id)
        else outbox.shut(room_id)
      }
      options.on_state?.(state)
    },
    on_frame: receive,
  })

  const outbox = createOutbox({
    transmit: link.send,
    on_settled: (pending, outcome) => options.on_settled?.(pending, outcome),
    backoff,
    in_flight_max: options.in_flight_max ?? 1,
    pending_max: options.pending_max ?? 1000,
    ...(options.storage && { storage: options.storage }),
  })

  function ask(room: Followed) {
    clearTimeout(room.timer)
    link.send(room.position.ask())
  }

  function askLater(room: Followed, delay: number) {
    clearTimeout(room.timer)
    room.timer = setTimeout(ask, delay, room)
  }

  function lose(room_id: string, room: Followed) {
    clearTimeout(room.timer)
    room.position.lose()
    outbox.shut(room_id)
  }

  function askAgain(room_id: string, room: Followed) {
    lose(room_id, room)
    link.send({ type: 'unsubscribe', room_id })
    if (room.repeats === 0) ask(room)
    else askLater(room, backoffDelay(room.repeats, backoff))
    room.repeats++
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
        return room.listener.frame?.(frame)
      case 'unsubscribed':
        return
      default:
        // Also an event type of a later server: to leave it out would be a hole.
        return event(room_id, room, frame as EventFrame)
    }
  }

  function event(room_id: string, room: Followed, frame: EventFrame) {
    if (!Number.isSafeInteger(frame.seq)) return
    const verdict = room.position.event(frame.seq)
    if (verdict === 'hole') askAgain(room_id, room)
    if (verdict !== 'take') return
    room.repeats = 0
    room.listener.event(frame)
  }

  function refused(frame: ServerFrames['error'], room: Followed | undefined) {
    const { room_id, client_id } = frame
    if (client_id !== undefined) {
      if (frame.code === 'NOT_SUBSCRIBED' && room && room_id) return askAgain(room_id, room)
      return outbox.refuse(client_id, frame)
    }
    if (!room || room_id === undefined) return options.on_frame?.(frame)
    if (ENDING.has(frame.code)) {
      const error = new ApiError(0, frame.code, frame.message)
      lose(room_id, room)
      rooms.delete(room_id)
      outbox.end(room_id, error)
      return room.listener.ended?.(error)
    }
    if (room.position.asked) askLater(room, frame.retry_after_ms ?? backoffDelay(room.repeats++, backoff))
    else if (frame.code === 'NOT_SUBSCRIBED') askAgain(room_id, room)
    room.listener.frame?.(frame)
  }

  function request(pending: Pending): Request {
    // In a followed room it waits for the welcome; any other needs an open socket only.
    if (!rooms.has(pending.room_id) && link.state.name === 'open') outbox.open(pending.room_id)
    return { client_id: pending.client_id, ack: outbox.add(pending) }
  }

  link.connect()

  return {
    get state() {
      return link.state
    },

    /**
     * Follows a room.
     * @param from where to go on; without it the listener is told where the room begins for it
     * @throws ApiError TOO_MANY_SUBSCRIPTIONS
     */
    subscribe(room_id: string, listener: RoomListener, from?: ResumePoint) {
      if (rooms.has(room_id)) throw new Error(`Room ${room_id} is followed already`)
      if (rooms.size >= limits.ROOMS_PER_SOCKET_MAX) {
        throw new ApiError(0, 'TOO_MANY_SUBSCRIPTIONS', `${rooms.size} rooms are followed already`)
      }
      const room: Followed = { position: createPosition(room_id, from), listener, repeats: 0 }
      rooms.set(room_id, room)
      if (link.state.name === 'open') ask(room)
    },

    /** Its unacknowledged requests stay and go on when it is followed again. */
    unsubscribe(room_id: string) {
      const room = rooms.get(room_id)
      if (!room) return
      lose(room_id, room)
      rooms.delete(room_id)
      link.send({ type: 'unsubscribe', room_id })
    },

    /** Where a room is to be gone on with; null before its first welcome. */
    resumePoint: (room_id: string): ResumePoint | null => rooms.get(room_id)?.position.point ?? null,

    /** @param more.client_id of an earlier try, where this is the same message */
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

    /** These two are forgotten where the socket is not open. */
    typing: (room_id: string, on: boolean) => void link.send({ type: 'typing', room_id, on }),
    read: (room_id: string, seq: number) => void link.send({ type: 'read', room_id, seq }),
    /** A fresh token of the same user, so that the socket outlives the old one. */
    auth: (token: string) => void link.send({ type: 'auth', token }),

    /** For when the page comes back to the eye or the network returns. */
    check: link.check,
    /** Tries again after it was closed with `login` or `stop`. */
    connect: link.connect,
    close() {
      link.close()
      outbox.close()
    },
  }
}

const pick = (reply_to: number | undefined) => (reply_to === undefined ? {} : { reply_to })
