import { randomUUID } from 'node:crypto'
import { EventEmitter } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import type { FastifyBaseLogger } from 'fastify'
import { errors } from '../../schemas/error.js'
import type { StoredEvent } from '../../schemas/event.js'
import type { Session } from '../../schemas/user.js'
import { Conflict, type Store } from '../store/index.js'
import type { Identity } from './tokens.js'

/** The log of ended sessions, which every server reads. */
const SYSTEM = '_system'
const FOLLOW_MS = 500
/** A server that has not read the log for this long was suspended or is cut off; it trusts no token until it has read it. */
const STALE_MS = 1000
const RETRY_MS = 100
const CLEAN_MS = 3_600_000
/** Sessions cached in memory; others are read from the store again. */
const KNOWN_MAX = 50_000
const PAGE = 1000
/** Attempts to append: another server may take the seq between our read of the head and our append. */
const TRIES_MAX = 100

/** Listeners must not throw. */
interface SessionEvents {
  /** A session ended, on this server or another one; once for each session. */
  ended: [session_id: string, username: string]
}
export type Sessions = Awaited<ReturnType<typeof openSessions>>

/**
 * Which sessions are valid, on every server.
 *
 * A session is a row of the store. Ending it appends an event to the `_system` log, which every server reads twice a
 * second, and then deletes the row. Servers with the session in their cache learn from the log, all others from the
 * missing row.
 */
export async function openSessions(store: Store, log: FastifyBaseLogger) {
  /** Usernames by session id, the oldest lookup first. */
  const known = new Map<string, string>()
  /** Ended sessions, with the expiry of their last token; removed within an hour after it. */
  const ended = new Map<string, number>()
  const events = new EventEmitter<SessionEvents>()
  /** The time, by the monotonic clock, up to which every ended session is known. */
  let known_at = performance.now()
  let seq = await loadEnded()
  let following: Promise<void> | null = null
  let waiting: Promise<void> | null = null
  let closed = false
  let isLost = false
  let ending: Promise<void> = Promise.resolve()

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

  /** @returns whether a token of the session could still be valid otherwise */
  function apply({ type, username, data }: StoredEvent): boolean {
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
      known_at = began
      isLost = false
    } catch (error) {
      // Logged once, not twice a second.
      if (!isLost) log.warn({ err: error }, 'Failed to read ended sessions; retrying')
      isLost = true
    }
  }

  function clean() {
    const now = Date.now()
    for (const [id, expires_at] of ended) if (expires_at < now) ended.delete(id)
    store
      .deleteExpiredSessions(new Date(now).toISOString())
      .catch(error => log.warn({ err: error }, 'Failed to delete expired sessions'))
  }

  /** @returns the id of a new session */
  async function open(username: string, expires_at: number): Promise<string> {
    const id = randomUUID()
    const times = { created_at: new Date().toISOString(), expires_at: new Date(expires_at).toISOString() }
    await store.createSession({ id, username, ...times })
    return id
  }

  /** @throws StoreUnavailable */
  async function isGood({ session_id, username }: Identity): Promise<boolean> {
    if (isStale()) await becomeCurrent()
    if (ended.has(session_id)) return false
    let owner = known.get(session_id)
    if (owner === undefined) {
      owner = (await store.readSession(session_id))?.username
      // It may have ended while the store was queried.
      if (owner === undefined || ended.has(session_id)) return false
      known.set(session_id, owner)
      for (const oldest of known.keys()) {
        if (known.size <= KNOWN_MAX) break
        known.delete(oldest)
      }
    }
    return owner === username
  }

  /** Ends a session: here immediately, on other servers within half a second. Ending it twice is not an error. */
  async function end(identity: Identity): Promise<void> {
    const { session_id, username } = identity
    const session = await store.readSession(session_id)
    const event: Omit<StoredEvent, 'seq'> = {
      room_id: SYSTEM,
      type: 'session_ended',
      username,
      client_id: session_id,
      created_at: new Date().toISOString(),
      data: { session_id, expires_at: session?.expires_at ?? new Date(identity.expires_at).toISOString() },
    }
    // One at a time, so that only other servers can take the seq in the meantime.
    const appended = ending.then(() => append(event))
    ending = appended.catch(() => {})
    await appended
    apply({ ...event, seq: 0 })
    // The log has already ended it; a row that remains is deleted when it expires.
    await store.deleteSession(session_id).catch(error => log.warn({ err: error }, 'Failed to delete an ended session'))
  }

  /** Ends all sessions of a user that are stored at the time of the call. @returns how many */
  async function endAll(username: string): Promise<number> {
    let count = 0
    let after = ''
    for (;;) {
      const page = await store.listSessions(username, { after, limit: PAGE })
      for (const { id, username, expires_at } of page) {
        await end({ session_id: id, username, expires_at: Date.parse(expires_at) })
      }
      count += page.length
      if (page.length < PAGE) return count
      after = (page.at(-1) as Session).id
    }
  }

  async function append(event: Omit<StoredEvent, 'seq'>): Promise<void> {
    for (let tries = 0; ; tries++) {
      const head = await store.readHead(SYSTEM)
      try {
        return await store.append(SYSTEM, head, [{ ...event, seq: head + 1 }])
      } catch (error) {
        if (!(error instanceof Conflict) || tries >= TRIES_MAX) throw error
        if ((await store.readByClientId(SYSTEM, event.username, event.client_id)) !== null) return
      }
    }
  }

  return {
    events,
    open,
    isGood,
    end,
    endAll,
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
