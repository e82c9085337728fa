import { randomUUID } from 'node:crypto'
import { EventEmitter } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import type { FastifyBaseLogger } from 'fastify'
import { errors } from '../../schemas/error.js'
import type { StoredEvent } from '../../schemas/event.js'
import { type AccountChange, isCurrent, type StoredUser } from '../../schemas/user.js'
import type { Store } from '../store/index.js'
import { storedSessions } from './stored-sessions.js'
import { createSystemLog, SYSTEM } from './system-log.js'
import type { Identity } from './tokens.js'

const FOLLOW_MS = 500
/** A server that has not read the log for this long was suspended or is cut off; it trusts no token until it has read it. */
const STALE_MS = 1000
const RETRY_MS = 100
const CLEAN_MS = 3_600_000
/** Sessions cached in memory; others are read from the store again. */
const KNOWN_MAX = 50_000
const PAGE = 1000
/** How long after its announcement a change of an account may reach the store; until then it is looked for. */
const CHANGING_MS = 30_000
/** How far `last_seen_at` may be behind, so that using a session costs no write. */
const SEEN_MS = 10 * 60_000

/** Listeners must not throw. */
interface SessionEvents {
  /** A session ended, on this server or another one; once for each session. */
  ended: [session_id: string, username: string]
  /** Sessions of the user may have ended with a change of the account: `isGood` knows which. */
  outdated: [username: string]
  /** The user has become an administrator, or is no longer one, by a change through this server. */
  rights: [username: string, is_admin: boolean]
}
export type Sessions = Awaited<ReturnType<typeof openSessions>>

/** From where a session is used. */
export interface Usage {
  device?: string
  address?: string
}

/** What is cached of a valid session. */
interface Known {
  username: string
  generation: number
  address: string
  /** When its use was last noted in the store, by the monotonic clock. */
  noted_at: number
}

/**
 * Which sessions are valid, on every server.
 *
 * A session is a row of the store. Ending it appends an event to the `_system` log, which every server reads twice a
 * second, and then deletes the row. Servers with the session in their cache learn from the log, all others from the
 * missing row.
 *
 * A change of an account that ends its sessions raises the account's generation in the same write. It is announced in
 * the log before: every server then compares its cached sessions with the account until the change has happened, so the
 * sessions end even if the server that made the change dies in between.
 */
export async function openSessions(store: Store, log: FastifyBaseLogger) {
  /** Valid sessions by id, the oldest lookup first. */
  const known = new Map<string, Known>()
  /** Lower-case names of users whose account may be changing, with the end of that time by the monotonic clock. */
  const changing = new Map<string, number>()
  /** Ended sessions, with the expiry of their last token; removed within an hour after it. */
  const ended = new Map<string, number>()
  const system = createSystemLog(store)
  const events = new EventEmitter<SessionEvents>()
  /** The time, by the monotonic clock, up to which every ended session is known. */
  let known_at = performance.now()
  let seq = await loadEnded()
  let following: Promise<void> | null = null
  let waiting: Promise<void> | null = null
  let closed = false
  let isLost = false

  const timers = [setInterval(follow, FOLLOW_MS), setInterval(clean, CLEAN_MS)]
  for (const timer of timers) timer.unref()

  /** Reads the log backwards until all events are too old to matter. @returns its head */
  async function loadEnded() {
    const head = await store.readHead(SYSTEM)
    for (let upto = head; upto > 0; upto -= PAGE) {
      const page = await store.readEvents(SYSTEM, { after: Math.max(0, upto - PAGE), upto, limit: PAGE })
      if (page.filter(apply).length === 0) break
    }
    return head
  }

  /** @returns whether the event still matters */
  function apply({ type, username, created_at, data }: StoredEvent): boolean {
    if (type === 'account_changing') {
      changing.set(username.toLowerCase(), performance.now() + CHANGING_MS)
      return Date.parse(created_at) > Date.now() - 2 * CHANGING_MS
    }
    if (type !== 'session_ended' || !data?.session_id || !data.expires_at) return false
    const { session_id } = data
    const expires_at = Date.parse(data.expires_at)
    if (expires_at < Date.now()) return false
    if (ended.has(session_id)) return true
    ended.set(session_id, expires_at)
    known.delete(session_id)
    events.emit('ended', session_id, username)
    return true
  }

  function follow(): Promise<void> {
    following ??= readNew().finally(() => {
      following = null
    })
    return following
  }

  const isStale = () => performance.now() - known_at > STALE_MS

  async function untilCurrent() {
    for (await follow(); isStale() && !closed; await follow()) {
      await setTimeout(RETRY_MS)
    }
    waiting = null
  }

  /** @throws StoreUnavailable if the log cannot be read */
  async function becomeCurrent() {
    await follow()
    // A read that started long ago reports an old state.
    if (isStale()) await follow()
    if (isStale()) throw new errors.StoreUnavailable()
  }

  async function readNew() {
    const began = performance.now()
    try {
      let page: StoredEvent[]
      do {
        page = await store.readEvents(SYSTEM, { after: seq, limit: PAGE })
        for (const event of page) {
          apply(event)
          seq = event.seq
        }
      } while (page.length === PAGE)
      for (const [username, until] of changing) {
        dropOutdated(await store.readUser(username), username)
        if (until < began) changing.delete(username)
      }
      known_at = began
      isLost = false
    } catch (error) {
      // Logged once, not twice a second.
      if (!isLost) log.warn({ err: error }, 'Failed to read ended sessions; retrying')
      isLost = true
    }
  }

  /** Forgets the cached sessions that a change of the account has ended. */
  function dropOutdated(user: StoredUser | null, username: string) {
    for (const [id, session] of known) {
      if (session.username.toLowerCase() !== username.toLowerCase()) continue
      if (user === null || !isCurrent({ id, generation: session.generation }, user)) known.delete(id)
    }
    events.emit('outdated', username)
  }

  function clean() {
    const now = Date.now()
    for (const [id, expires_at] of ended) if (expires_at < now) ended.delete(id)
    store
      .deleteExpiredSessions(new Date(now).toISOString())
      .catch(error => log.warn({ err: error }, 'Failed to delete expired sessions'))
  }

  /** @returns the id of a new session of the account as it was read */
  async function open(
    user: Pick<StoredUser, 'username' | 'generation'>,
    expires_at: number,
    { device = '', address = '' }: Usage = {},
  ): Promise<string> {
    const id = randomUUID()
    const created_at = new Date().toISOString()
    const times = { created_at, expires_at: new Date(expires_at).toISOString(), last_seen_at: created_at }
    const { username, generation } = user
    await store.createSession({ id, username, ...times, generation, device, address })
    return id
  }

  /** @throws StoreUnavailable */
  async function isGood({ session_id, username }: Identity): Promise<boolean> {
    if (isStale()) await becomeCurrent()
    if (ended.has(session_id)) return false
    const session = known.get(session_id) ?? (await lookUp(session_id))
    return session?.username === username
  }

  async function lookUp(id: string): Promise<Known | null> {
    const session = await store.readSession(id)
    const user = session && (await store.readUser(session.username))
    // It may have ended while the store was queried.
    if (session === null || user === null || !isCurrent(session, user) || ended.has(id)) return null
    const { username, generation, address, last_seen_at } = session
    const found = {
      username,
      generation,
      address,
      noted_at: performance.now() - (Date.now() - Date.parse(last_seen_at)),
    }
    known.set(id, found)
    for (const oldest of known.keys()) {
      if (known.size <= KNOWN_MAX) break
      known.delete(oldest)
    }
    return found
  }

  /** Notes that a valid session is used, at most once in SEEN_MS. @param address from where; empty if unknown */
  function note(id: string, address = '') {
    const session = known.get(id)
    const now = performance.now()
    if (session === undefined || now - session.noted_at < SEEN_MS) return
    session.noted_at = now
    if (address) session.address = address
    store
      .touchSession(id, { last_seen_at: new Date().toISOString(), address: session.address })
      .catch(error => log.warn({ err: error }, 'Failed to note the use of a session'))
  }

  /** Ends a session: here immediately, on other servers within half a second. Ending it twice is not an error. */
  async function end(identity: Identity): Promise<void> {
    const { session_id, username } = identity
    const session = await store.readSession(session_id)
    const event = {
      type: 'session_ended' as const,
      username,
      client_id: session_id,
      created_at: new Date().toISOString(),
      data: { session_id, expires_at: session?.expires_at ?? new Date(identity.expires_at).toISOString() },
    }
    await system.append(event)
    apply({ room_id: SYSTEM, seq: 0, ...event })
    // The log has already ended it; a row that remains is deleted when it expires.
    await store.deleteSession(session_id).catch(error => log.warn({ err: error }, 'Failed to delete an ended session'))
  }

  /**
   * Changes an account and ends its sessions, in one write; here at once, on other servers within a second.
   * @param user as the change was decided on
   * @param kept the session that stays valid
   * @returns how many sessions ended; null if the account has changed since it was read, and then nothing happened
   * @throws Unauthorized if `kept` is not valid any more
   */
  async function endAllBy(user: StoredUser, change: AccountChange, kept: string | null = null): Promise<number | null> {
    const { username } = user
    const keeps = kept === null ? null : await store.readSession(kept)
    // Otherwise the change would make it valid again.
    if (kept !== null && (keeps === null || !isCurrent(keeps, user))) throw new errors.Unauthorized()
    const created_at = new Date().toISOString()
    await system.append({ type: 'account_changing', username, client_id: randomUUID(), created_at })
    const changed = { ...change, generation: user.generation + 1, kept_session: kept }
    // An account that has become an administrator's is not deleted like any other.
    const is_admin = change.deletion === undefined ? undefined : user.is_admin
    if (!(await store.changeAccount(username, changed, user.generation, is_admin))) return null
    const after = { ...user, ...changed }
    dropOutdated(after, username)
    let count = 0
    for await (const session of storedSessions(store, username)) {
      // A session that was opened after the change is current, and stays.
      if (isCurrent(session, after) || session.generation > after.generation) continue
      await end({ session_id: session.id, username: session.username, expires_at: Date.parse(session.expires_at) })
      count++
    }
    return count
  }

  return {
    events,
    open,
    isGood,
    note,
    end,
    endAllBy,
    /** Whether the session is known to have ended, possibly since it was found valid. */
    hasEnded: (id: string) => ended.has(id),
    extend: (id: string, expires_at: number) => store.extendSession(id, new Date(expires_at).toISOString()),
    /** Null if every session that ended over a second ago is known; otherwise reads the log. @throws StoreUnavailable */
    assertCurrent: () => (isStale() ? becomeCurrent() : null),
    /** Like `assertCurrent`, but retries until it succeeds. */
    untilCurrent() {
      if (!isStale()) return null
      waiting ??= untilCurrent()
      return waiting
    },
    async close() {
      closed = true
      for (const timer of timers) clearInterval(timer)
      await following
    },
  }
}
