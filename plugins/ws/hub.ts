import { type CloseReason, closeCodes } from '../../schemas/wire.js'
import type { Identity } from '../auth/index.js'
import type { RoomLog } from '../room-log/index.js'
import type { Position, Store } from '../store/index.js'
import { Feed } from './feed.js'
import type { Receiver } from './user-bus.js'

/** What the hub needs of a socket. */
export interface HubClient extends Receiver {
  /** The peer's address, as limits count it. */
  readonly address: string
  /** Null if the socket was not admitted. */
  readonly identity: Identity | null
  close(reason: CloseReason): void
  /** Answers what the client has sent, then closes with 1012 and the time after which to reconnect. */
  restart(retry_after_ms: number): Promise<void>
  /** Closes the socket if its token expired, and pings it when that is due. */
  tick(now_ms: number, now: number, heartbeat_ms: number): void
}

/** How often sockets are checked for expired tokens and due pings. */
const TICK_MS = 1000
/** A client reconnects after this time plus a random part of a quarter of the drain, or of this time if longer. */
const RECONNECT_MS = 250

interface Bounds {
  /** Sockets of one user; 0 for no limit. */
  per_user: number
  per_address: number
  heartbeat_ms: number
}

interface Hooks {
  /** Null if frames may be written now, else resolves when they may. */
  hold(): Promise<void> | null
  /** Called with a user's first socket. @returns a function that is called after their last one */
  followUser(username: string): () => void
}

/** All sockets of this server, and the feeds of the rooms that they follow. */
export class Hub {
  readonly clients = new Set<HubClient>()
  readonly delivered = { frames: 0, flushes: 0 }
  /** Subscriptions by how they began. */
  readonly subscribed = { new: 0, resumed: 0, reset: 0 }
  /** Sockets that this server closed, by reason. */
  readonly closed = Object.fromEntries(Object.keys(closeCodes).map(reason => [reason, 0])) as Record<
    CloseReason,
    number
  >
  /** Error frames that were sent, by code. */
  readonly errors: Record<string, number> = {}
  readonly #feeds = new Map<string, { feed: Feed; started: Promise<void> }>()
  readonly #users = new Map<string, { clients: Set<HubClient>; unfollow: () => void }>()
  readonly #addresses = new Map<string, number>()
  readonly #timer: NodeJS.Timeout
  /** Null before the drain. */
  #drain_ms: number | null = null
  #emptied: () => void = () => {}

  constructor(
    private readonly store: Store,
    private readonly roomLog: RoomLog,
    private readonly bounds: Bounds,
    private readonly hooks: Hooks,
  ) {
    this.#timer = setInterval(() => this.#tick(), Math.min(TICK_MS, bounds.heartbeat_ms / 4))
    this.#timer.unref()
  }

  get rooms() {
    return this.#feeds.size
  }

  /** Counts an error frame. */
  count(code: string) {
    this.errors[code] = (this.errors[code] ?? 0) + 1
  }

  /** Counts a socket from its first moment. @returns false if its address has too many */
  add(client: HubClient): boolean {
    const sockets = (this.#addresses.get(client.address) ?? 0) + 1
    this.#addresses.set(client.address, sockets)
    this.clients.add(client)
    return this.bounds.per_address === 0 || sockets <= this.bounds.per_address
  }

  /** Assigns a socket to its user. @returns false if the user has too many */
  identify(client: HubClient, username: string): boolean {
    const { clients, unfollow } = this.#users.get(username) ?? {
      clients: new Set(),
      unfollow: this.hooks.followUser(username),
    }
    this.#users.set(username, { clients: clients.add(client), unfollow })
    return this.bounds.per_user === 0 || clients.size <= this.bounds.per_user
  }

  remove(client: HubClient) {
    if (!this.clients.delete(client)) return
    const left = (this.#addresses.get(client.address) ?? 1) - 1
    if (left > 0) this.#addresses.set(client.address, left)
    else this.#addresses.delete(client.address)
    if (this.clients.size === 0) this.#emptied()
    const username = client.identity?.username
    if (username === undefined) return
    const user = this.#users.get(username)
    if (!user?.clients.delete(client) || user.clients.size > 0) return
    this.#users.delete(username)
    user.unfollow()
  }

  /** How many sockets the user has here. */
  socketsOf(username: string): number {
    return this.#users.get(username)?.clients.size ?? 0
  }

  clientsOf(username: string): Iterable<HubClient> {
    return this.#users.get(username)?.clients ?? []
  }

  /** Whether a socket of this server follows the room. */
  isFollowed = (room_id: string): boolean => this.#feeds.has(room_id)

  /** Sends an ephemeral frame to this server's sockets of a room. */
  broadcast(room_id: string, frame: object) {
    this.#feeds.get(room_id)?.feed.broadcast(Buffer.from(JSON.stringify(frame)))
  }

  /** Another server announced the head of a room's log. */
  head(room_id: string, seq: number) {
    this.#feeds.get(room_id)?.feed.order.head(seq)
  }

  /** The last seq received without a hole, for each followed room. */
  positions(): Position[] {
    const known: Position[] = []
    for (const [room_id, { feed }] of this.#feeds) {
      const { position } = feed.order
      if (position !== null) known.push({ room_id, seq: position })
    }
    return known
  }

  /** Reads from the store what a room's feed has missed. */
  async repair(room_id: string) {
    await this.#feeds.get(room_id)?.feed.order.repair()
  }

  /** The feed of a room, started. Each call needs one `release`. */
  async follow(room_id: string): Promise<Feed> {
    let entry = this.#feeds.get(room_id)
    if (!entry) {
      const deliveries = (frames: number, sockets: number) => {
        this.delivered.frames += frames * sockets
        this.delivered.flushes++
      }
      const feed = new Feed(room_id, this.store, deliveries, this.hooks.hold)
      entry = { feed, started: feed.start(handler => this.roomLog.subscribe(room_id, handler)) }
      this.#feeds.set(room_id, entry)
    }
    const { feed, started } = entry
    feed.followers++
    try {
      await started
    } catch (error) {
      this.release(feed)
      throw error
    }
    return feed
  }

  release(feed: Feed) {
    feed.followers--
    if (feed.followers > 0) return
    this.#feeds.delete(feed.room_id)
    feed.close()
  }

  /** Whether the server is restarting: existing sockets are closed one by one, new ones at once. */
  get draining() {
    return this.#drain_ms !== null
  }

  /** Closes one socket for the restart, with a random time after which to reconnect. */
  disconnect(client: HubClient): Promise<void> {
    const spread_ms = Math.max(RECONNECT_MS, (this.#drain_ms ?? 0) / 4)
    return client.restart(Math.round(RECONNECT_MS + Math.random() * spread_ms))
  }

  /**
   * Closes all sockets, spread evenly over the time so that clients do not all reconnect together; ends early when no
   * socket is left. What clients sent is committed and acknowledged first.
   */
  async drain(drain_ms: number) {
    this.#drain_ms = drain_ms
    const clients = [...this.clients]
    const began = performance.now()
    const ends: Promise<void>[] = []
    for (const [index, client] of clients.entries()) {
      const wait_ms = began + (index * drain_ms) / clients.length - performance.now()
      // Timers are no finer than 1 ms: if there are many sockets, several are closed in one turn.
      if (wait_ms >= 1) await this.#waitWhileAny(wait_ms)
      if (this.clients.size === 0) break
      ends.push(this.disconnect(client))
    }
    await Promise.all(ends)
    clearInterval(this.#timer)
  }

  /** Resolves after the time, or when the last socket is gone. */
  #waitWhileAny(ms: number) {
    return new Promise<void>(resolve => {
      const timer = setTimeout(resolve, ms)
      this.#emptied = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  #tick() {
    const now_ms = Date.now()
    const now = performance.now()
    for (const client of this.clients) client.tick(now_ms, now, this.bounds.heartbeat_ms)
  }
}
