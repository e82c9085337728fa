import type { Socket } from 'node:net'
import type { FastifyError } from 'fastify'
import type { RawData, WebSocket } from 'ws'
import { errors, rateLimited } from '../../schemas/error.js'
import type { StoredEvent } from '../../schemas/event.js'
import type { ClientFrame, ClientFrames, ServerFrame } from '../../schemas/frame.js'
import { type CloseReason, closeCodes, limits } from '../../schemas/wire.js'
import type { Identity } from '../auth/index.js'
import { TokenBucket } from './bucket.js'
import { type Feed, UNSENT_BYTES_MAX } from './feed.js'
import { frameText } from './framing.js'
import type { House } from './index.js'
import { originOf, parseFrame } from './parse.js'
import { Subscription } from './subscription.js'

/** Malformed frames that end a socket. */
const MALFORMED_MAX = 3
/** Frames of one socket under way; beyond, it is not read from until half are done. */
const UNDER_WAY_MAX = 256
/** Frames kept while the token is looked up; beyond, the socket is not read from. */
const EARLY_MAX = 64
/** How long a socket has to take its close frame before it is destroyed. */
const CLOSE_MS = 5000
/** How long a restart waits for a room's last flush, which does not come while the store is gone. */
const SETTLE_MS = 5000
const PINGS_MISSED_MAX = 2

/** One socket: parses, limits, and makes of each frame one call. */
export class Session {
  identity: Identity | null = null
  readonly #rooms = new Map<string, Subscription>()
  /** The newest `subscribe` of each room whose feed is still on its way. */
  readonly #asked = new Map<string, symbol>()
  readonly #bucket: TokenBucket | null
  #early: { data: RawData; binary: boolean }[] | null = []
  #under_way = 0
  #idle_waiters: (() => void)[] = []
  #malformed = 0
  /** Nothing more is read: the server restarts. */
  #restarting = false
  #closing = false
  #pinged_at = performance.now()
  #pings_missed = 0

  /**
   * Listens from its first moment on: what came in the same packet as the handshake's end is not lost.
   * @param socket the connection under `ws`; frames that are framed already are written to it
   * @param only the room of a one-room socket
   */
  constructor(
    private readonly ws: WebSocket,
    readonly socket: Socket,
    readonly address: string,
    private readonly house: House,
    private readonly only: { room_id: string; after?: number | undefined; epoch?: string | undefined } | null,
  ) {
    const per_second = house.config.RATE_LIMIT_FRAMES_PER_SECOND
    this.#bucket = per_second > 0 ? new TokenBucket(per_second, per_second * 2) : null
    ws.on('message', (data, binary) => this.#receive(data, binary))
    ws.on('pong', () => {
      this.#pings_missed = 0
    })
    // A close follows, which says all.
    ws.on('error', () => {})
    ws.on('close', () => this.#gone())
  }

  get open() {
    return !this.#closing && this.ws.readyState === this.ws.OPEN
  }

  get username() {
    return (this.identity as Identity).username
  }

  /** Lets the socket in, or closes it with the reason. */
  async start(token: string) {
    const { hub, auth } = this.house
    if (!hub.arrive(this)) return this.close('too_many')
    if (hub.draining) return hub.sendAway(this)
    let identity: Identity
    try {
      identity = await auth.authenticate(token)
    } catch (error) {
      return this.close(error instanceof errors.Unauthorized ? 'unauthorized' : 'restarting')
    }
    if (!this.open) return
    this.identity = identity
    if (!hub.identify(this, identity.username)) return this.close('too_many')
    // Who ends sessions finds this socket from here on; ours may have ended since it was looked up.
    if (auth.hasEnded(identity.session_id)) return this.close('unauthorized')
    const only = this.only
    const entered = only && this.#subscribe({ type: 'subscribe', ...only })
    const early = this.#early ?? []
    this.#early = null
    for (const { data, binary } of early) this.#receive(data, binary)
    this.ws.resume()
    try {
      await entered
    } catch (error) {
      if (error instanceof errors.NotMember) this.close('not_member')
      else if (error instanceof errors.RoomNotFound) this.close('room_gone')
      else this.close('restarting')
    }
  }

  send(frame: ServerFrame) {
    this.write(frameText(Buffer.from(JSON.stringify(frame))))
  }

  /** @param framed whole WebSocket frames */
  write(framed: Buffer) {
    if (!this.open) return
    if (this.socket.writableLength > UNSENT_BYTES_MAX) this.close('too_slow')
    else this.socket.write(framed)
  }

  close(reason: CloseReason, text: string = closeCodes[reason].meaning) {
    if (this.#closing) return
    this.#closing = true
    this.house.hub.closed[reason]++
    this.#leaveAll()
    // Where it was paused, it would not hear the other side's close frame.
    this.ws.resume()
    this.ws.close(closeCodes[reason].code, text)
    setTimeout(() => this.ws.terminate(), CLOSE_MS).unref()
  }

  /** Ends the socket for the server's restart, after all that it sent is answered. */
  async restart(retry_after_ms: number) {
    if (!this.open || this.#restarting) return
    this.#restarting = true
    this.ws.pause()
    // While it waits, what was read before comes in, too.
    while (this.#under_way > 0 && this.open) await new Promise<void>(resolve => this.#idle_waiters.push(resolve))
    const settled = Promise.all([...this.#rooms.values()].map(({ feed }) => feed.settled()))
    await Promise.race([settled, new Promise(resolve => setTimeout(resolve, SETTLE_MS).unref())])
    this.close('restarting', JSON.stringify({ retry_after_ms }))
  }

  /** A membership or a room ended. On a socket of many rooms the others go on. */
  roomEnded(room_id: string, reason: CloseReason) {
    if (this.only) return this.close(reason)
    this.#leave(room_id)
    const error = reason === 'room_gone' ? new errors.RoomNotFound(room_id) : new errors.NotMember(room_id)
    this.send({ type: 'error', code: error.code, message: error.message, room_id })
  }

  /** @param now_ms by the clock @param now by the monotonic one, ms */
  tick(now_ms: number, now: number, heartbeat_ms: number) {
    if (!this.open) return
    if (this.identity && this.identity.expires_at <= now_ms) return this.close('unauthorized')
    if (now - this.#pinged_at < heartbeat_ms) return
    if (this.#pings_missed >= PINGS_MISSED_MAX) return this.ws.terminate()
    this.#pings_missed++
    this.#pinged_at = now
    this.ws.ping()
  }

  #receive(data: RawData, binary: boolean) {
    if (this.#closing) return
    if (this.#early) {
      this.#early.push({ data, binary })
      if (this.#early.length === EARLY_MAX) this.ws.pause()
      return
    }
    this.#pings_missed = 0
    const text = data.toString()
    try {
      const wait_ms = this.#bucket?.take() ?? 0
      if (wait_ms > 0) throw rateLimited(wait_ms)
      if (binary) throw new errors.MalformedFrame()
      const frame = parseFrame(text)
      this.#under_way++
      if (this.#under_way === UNDER_WAY_MAX) this.ws.pause()
      void this.#handle(frame).then(() => this.#done())
    } catch (error) {
      this.#refuse(error, originOf(text))
      if (error instanceof errors.MalformedFrame && ++this.#malformed === MALFORMED_MAX) this.close('malformed')
    }
  }

  async #handle(frame: ClientFrame) {
    try {
      if (this.only && 'room_id' in frame && frame.room_id !== this.only.room_id) {
        throw new errors.BadFrame('This socket is for one room')
      }
      if (frame.type !== 'ping') await this.house.auth.assertCurrent()
      if (this.#closing) return
      await (this.#handlers[frame.type] as (frame: ClientFrame) => Promise<void>)(frame)
    } catch (error) {
      const { room_id, client_id } = frame as Partial<ClientFrames['send']>
      this.#refuse(error, { ...(room_id !== undefined && { room_id }), ...(client_id !== undefined && { client_id }) })
    }
  }

  #done() {
    this.#under_way--
    if (this.#under_way === UNDER_WAY_MAX / 2 && !this.#restarting) this.ws.resume()
    if (this.#under_way > 0) return
    for (const resolve of this.#idle_waiters) resolve()
    this.#idle_waiters = []
  }

  #refuse(error: unknown, origin: { room_id?: string; client_id?: string }) {
    const { code, message, statusCode = 500 } = error as FastifyError
    if (statusCode >= 500 && !(error instanceof errors.StoreUnavailable)) {
      this.house.log.error({ err: error }, 'a frame failed')
      const { code, message } = new errors.Internal()
      return this.send({ type: 'error', code, message, ...origin })
    }
    const { retry_after_ms } = error as { retry_after_ms?: number }
    this.send({ type: 'error', code, message, ...origin, ...(retry_after_ms !== undefined && { retry_after_ms }) })
  }

  /** From a frame's type to one call. */
  readonly #handlers: { [T in keyof ClientFrames]: (frame: ClientFrames[T]) => Promise<void> } = {
    send: async frame => {
      this.#limitSends()
      const { event } = await this.house.messages.send(frame.room_id, this.username, frame)
      this.#stopTyping(frame.room_id)
      this.#ack(event)
    },
    edit: async frame => {
      this.#limitSends()
      const { event } = await this.house.messages.edit(frame.room_id, this.username, frame.id, frame)
      this.#ack(event)
    },
    delete: async frame => {
      this.#limitSends()
      const { event } = await this.house.messages.remove(frame.room_id, this.username, frame.id, frame.client_id)
      this.#ack(event)
    },
    typing: async ({ room_id, on }) => {
      const subscription = this.#rooms.get(room_id)
      if (!subscription?.feed.live.has(subscription)) throw new errors.NotSubscribed(room_id)
      subscription.typing = on
      this.house.roomLog.pass(room_id, { type: 'typing', room_id, username: this.username, on })
    },
    read: async ({ room_id, seq }) => {
      const mark = await this.house.rooms.markRead(room_id, this.username, seq)
      this.house.toUser(this.username, { type: 'read', ...mark }, this)
    },
    subscribe: async frame => {
      if (this.only) throw new errors.BadFrame('This socket is for one room')
      await this.#subscribe(frame)
    },
    unsubscribe: async ({ room_id }) => {
      if (this.only) throw new errors.BadFrame('This socket is for one room')
      this.#leave(room_id)
      this.send({ type: 'unsubscribed', room_id })
    },
    auth: async ({ token }) => {
      const { auth } = this.house
      const identity = await auth.authenticate(token)
      if (identity.username !== this.username || auth.hasEnded(identity.session_id)) throw new errors.Unauthorized()
      this.identity = identity
      this.send({ type: 'authenticated', expires_at: new Date(identity.expires_at).toISOString() })
    },
    ping: async () => this.send({ type: 'pong' }),
  }

  #limitSends() {
    const wait_ms = this.house.limits.sends(this.username)
    if (wait_ms > 0) throw rateLimited(wait_ms)
  }

  #ack({ room_id, client_id, seq, created_at }: StoredEvent) {
    const frame = frameText(Buffer.from(JSON.stringify({ type: 'ack', client_id, room_id, seq, created_at })))
    const subscription = this.#rooms.get(room_id)
    if (subscription) subscription.ack(frame)
    else this.write(frame)
  }

  async #subscribe({ room_id, after, epoch }: ClientFrames['subscribe']) {
    const { hub, rooms, presence, store, config } = this.house
    this.#leave(room_id)
    if (this.#rooms.size + this.#asked.size >= limits.ROOMS_PER_SOCKET_MAX) throw new errors.TooManyRooms()
    const asked = Symbol(room_id)
    this.#asked.set(room_id, asked)
    let wanted = false
    let feed: Feed
    try {
      feed = await hub.follow(room_id)
    } finally {
      // It may have been unsubscribed, or subscribed again, meanwhile.
      wanted = this.#asked.get(room_id) === asked
      if (wanted) this.#asked.delete(room_id)
    }
    if (!this.open || !wanted) return hub.release(feed)
    // Attached before the membership is looked up: a removal behind that look finds it and ends it.
    const subscription = new Subscription(this, feed)
    this.#rooms.set(room_id, subscription)
    presence.enter(room_id, this.username)
    try {
      // Both at once: Redis may be silent, and then takes half a second to be given up.
      const [view] = await Promise.all([rooms.assertMember(room_id, this.username), presence.load(room_id)])
      if (this.#rooms.get(room_id) !== subscription) return
      const { online, online_count } = presence.online(room_id)
      const heartbeat_ms = config.HEARTBEAT_MS
      await subscription.start(view, store, { after, epoch }, { online, online_count, heartbeat_ms })
      hub.subscribed[subscription.began]++
    } catch (error) {
      if (this.#rooms.get(room_id) === subscription) this.#leave(room_id)
      throw error
    }
  }

  #leave(room_id: string) {
    this.#asked.delete(room_id)
    const subscription = this.#rooms.get(room_id)
    if (!subscription) return
    this.#stopTyping(room_id)
    this.#rooms.delete(room_id)
    subscription.feed.detach(subscription)
    this.house.presence.leave(room_id, this.username)
    this.house.hub.release(subscription.feed)
  }

  #stopTyping(room_id: string) {
    const subscription = this.#rooms.get(room_id)
    if (!subscription?.typing) return
    subscription.typing = false
    this.house.roomLog.pass(room_id, { type: 'typing', room_id, username: this.username, on: false })
  }

  #leaveAll() {
    for (const room_id of [...this.#rooms.keys()]) this.#leave(room_id)
  }

  #gone() {
    this.#closing = true
    this.#leaveAll()
    this.house.hub.depart(this)
    for (const resolve of this.#idle_waiters) resolve()
  }
}
