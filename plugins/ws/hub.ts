import { type CloseReason, closeCodes } from '../../schemas/wire.js'
import type { RoomLog } from '../room-log/index.js'
import type { Position, Store } from '../store/index.js'
import type { Session } from './client.js'
import { Feed } from './feed.js'

/** How often sockets are looked at: for expired tokens, and for pings that are due. */
const TICK_MS = 1000
/** Who is sent away comes back after this at the earliest, and within a quarter of the drain or this much later. */
const AWAY_MS = 250

interface Bounds {
  /** Sockets of one user; 0 for no limit. */
  per_user: number
  per_address: number
  heartbeat_ms: number
}

/** What the hub asks of others. */
interface Neighbours {
  /** Null where frames may be written, else resolves when they may. */
  hold(): Promise<void> | null
  /** Called when a user's first socket came. @returns what ends the following, at their last one's end */
  followUser(username: string): () => void
}

/** All sockets of this server, and the feeds of the rooms that they follow. */
export class Hub {
  readonly sessions = new Set<Session>()
  readonly delivered = { frames: 0, flushes: 0 }
  /** Subscriptions by how they began. */
  readonly subscribed = { new: 0, resumed: 0, reset: 0 }
  /** Sockets that this server closed, by the reason. */
  readonly closed = Object.fromEntries(Object.keys(closeCodes).map(reason => [reason, 0])) as Record<
    CloseReason,
    number
  >
  readonly #feeds = new Map<string, { feed: Feed; started: Promise<void> }>()
  readonly #users = new Map<string, { sessions: Set<Session>; unfollow: () => void }>()
  readonly #addresses = new Map<string, number>()
  readonly #timer: NodeJS.Timeout
  /** Null before the drain. */
  #drain_ms: number | null = null
  #emptied: () => void = () => {}

  constructor(
    private readonly store: Store,
    private readonly roomLog: RoomLog,
    private readonly bounds: Bounds,
    private readonly neighbours: Neighbours,
  ) {
    this.#timer = setInterval(() => this.#tick(), Math.min(TICK_MS, bounds.heartbeat_ms / 4))
    this.#timer.unref()
  }

  get rooms() {
    return this.#feeds.size
  }

  /** Counts a socket from its first moment on. @returns false where its address has too many */
  arrive(session: Session): boolean {
    const sockets = (this.#addresses.get(session.address) ?? 0) + 1
    this.#addresses.set(session.address, sockets)
    this.sessions.add(session)
    return this.bounds.per_address === 0 || sockets <= this.bounds.per_address
  }

  /** Takes a socket whose user is known. @returns false where that user has too many */
  identify(session: Session, username: string): boolean {
    const { sessions, unfollow } = this.#users.get(username) ?? {
      sessions: new Set(),
      unfollow: this.neighbours.followUser(username),
    }
    this.#users.set(username, { sessions: sessions.add(session), unfollow })
    return this.bounds.per_user === 0 || sessions.size <= this.bounds.per_user
  }

  depart(session: Session) {
    if (!this.sessions.delete(session)) return
    const left = (this.#addresses.get(session.address) ?? 1) - 1
    if (left > 0) this.#addresses.set(session.address, left)
    else this.#addresses.delete(session.address)
    if (this.sessions.size === 0) this.#emptied()
    const username = session.identity?.username
    if (username === undefined) return
    const user = this.#users.get(username)
    if (!user?.sessions.delete(session) || user.sessions.size > 0) return
    this.#users.delete(username)
    user.unfollow()
  }

  sessionsOf(username: string): Iterable<Session> {
    return this.#users.get(username)?.sessions ?? []
  }

  /** Sends a frame that is not in the log to this server's sockets of a room. */
  pass(room_id: string, frame: object) {
    this.#feeds.get(room_id)?.feed.pass(Buffer.from(JSON.stringify(frame)))
  }

  /** Another server told how far a room's log goes. */
  head(room_id: string, seq: number) {
    this.#feeds.get(room_id)?.feed.head(seq)
  }

  /** How far each followed room's log is known here. */
  positions(): Position[] {
    const known: Position[] = []
    for (const [room_id, { feed }] of this.#feeds) {
      if (feed.position !== null) known.push({ room_id, seq: feed.position })
    }
    return known
  }

  /** Reads from the store what a room's feed has not got yet. */
  async repair(room_id: string) {
    await this.#feeds.get(room_id)?.feed.repair()
  }

  /** The feed of a room, listening. To be released once for each call. */
  async follow(room_id: string): Promise<Feed> {
    let entry = this.#feeds.get(room_id)
    if (!entry) {
      const deliveries = (frames: number, sockets: number) => {
        this.delivered.frames += frames * sockets
        this.delivered.flushes++
      }
      const feed = new Feed(room_id, this.store, deliveries, this.neighbours.hold)
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

  /** Whether sockets are sent away: those that are here by and by, new ones at once. */
  get draining() {
    return this.#drain_ms !== null
  }

  /** Ends a socket for the restart, after what it sent, and tells its client when to come back. */
  sendAway(session: Session): Promise<void> {
    const spread_ms = Math.max(AWAY_MS, (this.#drain_ms ?? 0) / 4)
    return session.restart(Math.round(AWAY_MS + Math.random() * spread_ms))
  }

  /**
   * Ends all sockets, spread over the time, so that their clients do not come back in one herd; at once where none is
   * left. What they sent is committed and acknowledged first.
   */
  async drain(drain_ms: number) {
    this.#drain_ms = drain_ms
    const sessions = [...this.sessions]
    const began = performance.now()
    const ends: Promise<void>[] = []
    for (const [index, session] of sessions.entries()) {
      const wait_ms = began + (index * drain_ms) / sessions.length - performance.now()
      // No timer is finer than that: of many sockets several end in one turn.
      if (wait_ms >= 1) await this.#waitWhileAny(wait_ms)
      if (this.sessions.size === 0) break
      ends.push(this.sendAway(session))
    }
    await Promise.all(ends)
    clearInterval(this.#timer)
  }

  /** Resolves after so long, or when the last socket is gone. */
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
    for (const session of this.sessions) session.tick(now_ms, now, this.bounds.heartbeat_ms)
  }
}
