import { errors, until } from '../../schemas/error.js'
import type { StoredEvent } from '../../schemas/event.js'
import type { ClientFrames } from '../../schemas/frame.js'
import { limits } from '../../schemas/wire.js'
import { prices } from '../budgets/index.js'
import type { Feed } from './feed.js'
import { frameText } from './framing.js'
import type { Services } from './services.js'
import { type Connection, Subscription } from './subscription.js'

/** A repeated typing frame is passed on at most so often. */
const TYPING_REPEAT_MS = 1000

/** The rooms that one socket follows; at most ROOMS_PER_SOCKET_MAX. */
export class Subscriptions {
  readonly #rooms = new Map<string, Subscription>()
  /** The latest `subscribe` of each room whose feed is not ready yet. */
  readonly #requested = new Map<string, symbol>()

  constructor(
    private readonly connection: Connection,
    private readonly services: Services,
  ) {}

  /**
   * Follows a room until `leave`. A second call for the room replaces the first.
   * @throws TooManyRooms, NotMember, RoomNotFound, StoreUnavailable
   */
  async subscribe({ room_id, ...from }: Omit<ClientFrames['subscribe'], 'type'>) {
    const { hub, rooms, presence, store, config } = this.services
    const { connection } = this
    connection.pay(prices.subscribe)
    this.leave(room_id)
    if (this.#rooms.size + this.#requested.size >= limits.ROOMS_PER_SOCKET_MAX) throw new errors.TooManyRooms()
    const request = Symbol(room_id)
    this.#requested.set(room_id, request)
    let wanted = false
    let feed: Feed
    try {
      feed = await hub.follow(room_id)
    } finally {
      // The client may have unsubscribed, or subscribed again, meanwhile.
      wanted = this.#requested.get(room_id) === request
      if (wanted) this.#requested.delete(room_id)
    }
    if (!connection.open || !wanted) return hub.release(feed)
    // Attached before the membership is read, so that a removal after that read ends this subscription.
    const subscription = new Subscription(connection, feed)
    this.#rooms.set(room_id, subscription)
    presence.enter(room_id, connection.username)
    try {
      // Both at once, because a silent Redis takes half a second to time out.
      const [view] = await Promise.all([rooms.assertMember(room_id, connection.username), presence.load(room_id)])
      if (this.#rooms.get(room_id) !== subscription) return
      const { online, online_count } = presence.online(room_id)
      const heartbeat_ms = config.HEARTBEAT_MS
      await subscription.start(view, store, from, { online, online_count, heartbeat_ms })
      hub.subscribed[subscription.began]++
    } catch (error) {
      if (this.#rooms.get(room_id) === subscription) this.leave(room_id)
      throw error
    }
  }

  leave(room_id: string) {
    this.#requested.delete(room_id)
    const subscription = this.#rooms.get(room_id)
    if (!subscription) return
    this.stopTyping(room_id)
    this.#rooms.delete(room_id)
    subscription.feed.detach(subscription)
    this.services.presence.leave(room_id, this.connection.username)
    this.services.hub.release(subscription.feed)
  }

  leaveAll() {
    for (const room_id of [...this.#rooms.keys()]) this.leave(room_id)
  }

  /** Confirms an event to this socket: before the event itself if the socket follows the room. */
  ack({ room_id, client_id, seq, created_at }: StoredEvent) {
    const frame = frameText(Buffer.from(JSON.stringify({ type: 'ack', client_id, room_id, seq, created_at })))
    const subscription = this.#rooms.get(room_id)
    if (subscription) subscription.ack(frame)
    else this.connection.write(frame)
  }

  /** @throws NotSubscribed, also while the room's past events are being sent */
  assertLive(room_id: string): Subscription {
    const subscription = this.#rooms.get(room_id)
    if (!subscription?.live) throw new errors.NotSubscribed(room_id)
    return subscription
  }

  /** Tells the room that the user started or stopped typing. @throws NotSubscribed, Muted */
  setTyping(room_id: string, on: boolean) {
    const subscription = this.assertLive(room_id)
    if (on && subscription.mute) throw until(new errors.Muted(room_id), subscription.mute.until)
    const now = performance.now()
    // The page repeats it every few seconds; more often tells nothing new.
    if (on === subscription.typing && now - subscription.typed_at < TYPING_REPEAT_MS) return
    subscription.typed_at = now
    this.#tellTyping(subscription, on)
  }

  /** Does nothing if the user was not typing. */
  stopTyping(room_id: string) {
    const subscription = this.#rooms.get(room_id)
    if (subscription?.typing) this.#tellTyping(subscription, false)
  }

  /** Resolves when everything received by now is written to this socket. */
  async settled() {
    await Promise.all([...this.#rooms.values()].map(({ feed }) => feed.settled()))
  }

  #tellTyping(subscription: Subscription, on: boolean) {
    const { username } = this.connection
    const { room_id } = subscription.feed
    subscription.typing = on
    this.connection.pay(subscription.feed.live.size * prices.recipient)
    this.services.roomLog.broadcast(room_id, { type: 'typing', room_id, username, on })
  }
}
