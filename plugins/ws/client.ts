import type { Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import type { FastifyError } from 'fastify'
import type { RawData, WebSocket } from 'ws'
import { errors } from '../../schemas/error.js'
import type { ClientFrame, ServerFrame } from '../../schemas/frame.js'
import { type CloseReason, closeCodes } from '../../schemas/wire.js'
import type { Identity } from '../auth/index.js'
import { prices } from '../budgets/index.js'
import { TokenBucket } from '../rate-limit/index.js'
import { UNSENT_BYTES_MAX } from './feed.js'
import { frameText } from './framing.js'
import { handlers, type Sender } from './handlers.js'
import { Pacer } from './pacer.js'
import { type Origin, originOf, parseFrame } from './parse.js'
import type { Services } from './services.js'
import { Subscriptions } from './subscriptions.js'

/** Malformed frames after which a socket is closed. */
const MALFORMED_MAX = 3
/** Frames of one socket in progress; at this number, reading pauses until half of them are done. */
const IN_PROGRESS_MAX = 256
/** How long a client may take for one message, from its first byte on. */
const MESSAGE_MS = 30_000
/** How long the peer has to answer the close frame before the socket is destroyed. */
const CLOSE_MS = 5000
/** How long a restart waits for a room's last flush, which does not happen while the store is down. */
const SETTLE_MS = 5000
const PINGS_MISSED_MAX = 2

/** The room of a one-room socket, and from where to resume. */
export interface OneRoom {
  room_id: string
  after?: number | undefined
  epoch?: string | undefined
  merge_reactions?: boolean | undefined
}

/** One socket: parses and limits its frames, and calls the handler of each. */
export class Client implements Sender {
  identity: Identity | null = null
  readonly subscriptions: Subscriptions
  readonly #pacer: Pacer
  /** Bytes that the connection had received with the last complete message; and since when there are more. */
  #read_bytes: number
  #partial_at: number | null = null
  #in_progress = 0
  /** Set while a restart waits for the frames in progress. */
  #onIdle: (() => void) | null = null
  #malformed = 0
  /** The server restarts: nothing more is read. */
  #restarting = false
  #closing = false
  #pinged_at = performance.now()
  #pings_missed = 0

  /**
   * Listens at once, because a frame may come in the same packet as the end of the handshake.
   * @param socket the TCP connection under `ws`; complete frames are written to it
   * @param one_room null for a socket of many rooms
   */
  constructor(
    private readonly ws: WebSocket,
    readonly socket: Socket,
    readonly address: string,
    readonly services: Services,
    private readonly one_room: OneRoom | null,
  ) {
    this.subscriptions = new Subscriptions(this, services)
    // The handshake was complete.
    this.#read_bytes = socket.bytesRead
    const per_second = services.config.RATE_LIMIT_FRAMES_PER_SECOND
    this.#pacer = new Pacer(ws, per_second > 0 ? new TokenBucket(per_second) : null, {
      take: (data, binary) => this.#take(data, binary),
      excess: () => this.close('too_many'),
    })
    ws.on('message', (data, binary) => this.#receive(data, binary))
    ws.on('ping', () => {
      this.#heard()
      this.#pacer.receive(null, false)
    })
    ws.on('pong', () => this.#heard())
    // Bytes that are no frames, or too many. `close` follows and does the rest.
    ws.on('error', () => this.pay(prices.failed))
    ws.on('close', () => this.#closed())
  }

  get open() {
    return !this.#closing && this.ws.readyState === this.ws.OPEN
  }

  get username() {
    return (this.identity as Identity).username
  }

  get isOneRoom() {
    return this.one_room !== null
  }

  /**
   * Admits the socket, or closes it with the reason. To be called in the turn of the upgrade, before frames arrive.
   * @param identity null if the token was not accepted
   * @param fault why it was not
   * @param refusal why a socket with a valid token is closed
   */
  async start(identity: Identity | null, fault: Error | null, refusal?: CloseReason) {
    const { hub, auth } = this.services
    if (!hub.add(this)) return this.close('too_many')
    if (hub.draining) return hub.disconnect(this)
    if (!identity) return this.close(fault instanceof errors.Unauthorized ? 'unauthorized' : 'restarting')
    if (refusal) return this.close(refusal)
    this.identity = identity
    if (!hub.identify(this, identity.username)) return this.close('too_many')
    const budget = this.services.budgets.ofAccount(identity.username)
    budget.holders++
    this.#pacer.budget = budget
    this.pay(prices.socket)
    // From here on, the end of the session closes this socket; it may have ended since the token was verified.
    if (auth.hasEnded(identity.session_id)) return this.close('unauthorized')
    if (!this.one_room) return
    try {
      await this.subscriptions.subscribe(this.one_room)
    } catch (error) {
      if (error instanceof errors.NotMember) this.close('not_member')
      else if (error instanceof errors.RoomNotFound) this.close('room_gone')
      else this.close('restarting')
    }
  }

  pay(cost_us: number) {
    this.#pacer.pay(cost_us)
  }

  turn(cost_us: number) {
    return this.#pacer.budget?.turn(cost_us) ?? null
  }

  send(frame: ServerFrame) {
    if (frame.type === 'error') this.services.hub.count(frame.code)
    this.write(frameText(Buffer.from(JSON.stringify(frame))))
  }

  /** @param framed complete WebSocket frames */
  write(framed: Buffer) {
    if (!this.open) return
    if (this.socket.writableLength > UNSENT_BYTES_MAX) this.close('too_slow')
    else this.socket.write(framed)
  }

  close(reason: CloseReason, text: string = closeCodes[reason].meaning) {
    if (this.#closing) return
    this.#closing = true
    this.services.hub.closed[reason]++
    this.subscriptions.leaveAll()
    // A paused socket would not receive the peer's close frame.
    this.ws.resume()
    this.ws.close(closeCodes[reason].code, text)
    setTimeout(() => this.ws.terminate(), CLOSE_MS).unref()
  }

  /** Closes the socket for the server's restart, after everything that it sent is answered. */
  async restart(retry_after_ms: number) {
    if (!this.open || this.#restarting) return
    this.#restarting = true
    this.#pacer.stop()
    // Frames that were read before the pause are still handled meanwhile.
    while (this.#in_progress > 0 && this.open) {
      await new Promise<void>(resolve => {
        this.#onIdle = resolve
      })
    }
    await Promise.race([this.subscriptions.settled(), wait(SETTLE_MS, null, { ref: false })])
    this.close('restarting', JSON.stringify({ retry_after_ms }))
  }

  /** The user's membership or the room ended. A socket of many rooms keeps the others. */
  roomEnded(room_id: string, reason: CloseReason) {
    if (this.one_room) return this.close(reason)
    this.subscriptions.leave(room_id)
    const error = reason === 'room_gone' ? new errors.RoomNotFound(room_id) : new errors.NotMember(room_id)
    this.send({ type: 'error', code: error.code, message: error.message, room_id })
  }

  /** @param now_ms wall clock @param now monotonic clock, ms */
  tick(now_ms: number, now: number, heartbeat_ms: number) {
    if (!this.open) return
    if (this.identity && this.identity.expires_at <= now_ms) return this.close('unauthorized')
    if (this.#isMessageLate(now)) return this.ws.terminate()
    if (now - this.#pinged_at < heartbeat_ms) return
    if (this.#pings_missed >= PINGS_MISSED_MAX) return this.ws.terminate()
    this.#pings_missed++
    this.#pinged_at = now
    this.ws.ping()
  }

  /** Something complete came from the peer. */
  #heard() {
    this.#pings_missed = 0
    this.#read_bytes = this.socket.bytesRead
    this.#partial_at = null
  }

  /** Whether a message was begun and not completed in time. */
  #isMessageLate(now: number): boolean {
    if (this.socket.bytesRead === this.#read_bytes || this.#pacer.slowed) {
      this.#partial_at = null
      return false
    }
    this.#partial_at ??= now
    return now - this.#partial_at > MESSAGE_MS
  }

  #receive(data: RawData, binary: boolean) {
    // Without an identity the socket is about to be closed for a restart.
    if (this.#closing || !this.identity) return
    this.#heard()
    this.#pacer.receive(data, binary)
  }

  #take(data: RawData, binary: boolean) {
    if (this.#closing) return
    let frame: ClientFrame
    try {
      if (binary) throw new errors.MalformedFrame()
      frame = parseFrame(data.toString())
    } catch (error) {
      this.pay((data as Buffer).length * prices.refused_byte)
      this.#refuse(error, (error as { origin?: Origin }).origin ?? {})
      if (error instanceof errors.MalformedFrame && ++this.#malformed === MALFORMED_MAX) this.close('malformed')
      return
    }
    this.#in_progress++
    if (this.#in_progress === IN_PROGRESS_MAX) this.#pacer.busy = true
    const { spans } = this.services
    const handled =
      spans && frame.type !== 'ping' ? spans.frame(frame.type, () => this.#handle(frame)) : this.#handle(frame)
    void handled.then(() => this.#done())
  }

  async #handle(frame: ClientFrame) {
    try {
      if (this.one_room && 'room_id' in frame && frame.room_id !== this.one_room.room_id) {
        throw new errors.BadFrame('This socket is for one room')
      }
      if (frame.type !== 'ping') {
        await this.services.auth.assertCurrent()
        if (this.identity) this.services.auth.note(this.identity.session_id)
      }
      if (this.#closing) return
      await (handlers[frame.type] as (sender: Sender, frame: ClientFrame) => Promise<void>)(this, frame)
    } catch (error) {
      this.#refuse(error, originOf(frame))
    }
  }

  #done() {
    this.#in_progress--
    if (this.#in_progress === IN_PROGRESS_MAX / 2) this.#pacer.busy = false
    if (this.#in_progress === 0) this.#onIdle?.()
  }

  #refuse(error: unknown, origin: Origin) {
    this.pay(prices.refused)
    const { code, message, statusCode = 500 } = error as FastifyError
    if (statusCode >= 500 && !(error instanceof errors.StoreUnavailable)) {
      this.services.log.error({ err: error }, 'Failed to handle a frame')
      const { code, message } = new errors.Internal()
      return this.send({ type: 'error', code, message, ...origin })
    }
    const { retry_after_ms, until } = error as { retry_after_ms?: number; until?: string }
    const when = { ...(retry_after_ms !== undefined && { retry_after_ms }), ...(until !== undefined && { until }) }
    this.send({ type: 'error', code, message, ...origin, ...when })
  }

  #closed() {
    this.#closing = true
    this.subscriptions.leaveAll()
    this.services.hub.remove(this)
    if (this.#pacer.budget) this.#pacer.budget.holders--
    this.#onIdle?.()
  }
}
