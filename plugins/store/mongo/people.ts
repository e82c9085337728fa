import type { AccountChange, ProfileChange, Session, StoredUser } from '../../../schemas/user.js'
import { DEFAULT_ROOM_ID } from '../../../schemas/wire.js'
import { Conflict } from '../store.js'
import { type Collections, userKey } from './collections.js'
import type { Call } from './connection.js'
import { sessionDocument, toSession, toUser, userDocument } from './documents.js'
import { insertIfMissing, isDuplicate } from './failures.js'
import { createLeases } from './leases.js'
import type { Log } from './log.js'

/** Expired sessions deleted per command, to keep each short. */
const EXPIRED_STEP = 500

/** How long a count of users is kept, which every list of rooms shows: users of other servers are counted so late. */
const COUNT_MS = 10_000

/** Of `deletion`; older servers put none. */
const EXISTING = null
const DELETED = { $gt: '' } as object

type Listing = { after?: string; limit: number }

/** Accounts, sessions and read marks. */
export function createPeople(collections: Collections, log: Log) {
  const { users, sessions, marks, meta } = collections
  const acquire = createLeases(collections)
  /** Moves in flight by user and room. Each mark is moved by one command at a time; concurrent callers wait. */
  const moving = new Map<string, Promise<number>>()
  let counted = 0
  let counted_at = Number.NEGATIVE_INFINITY
  let registered_at = Number.NEGATIVE_INFINITY

  async function raise(call: Call, user: string, room_id: string, seq: number): Promise<number> {
    for (;;) {
      try {
        const mark = await marks.findOneAndUpdate(
          { user, room_id },
          { $max: { seq } },
          { ...call, upsert: true, returnDocument: 'after' },
        )
        return (mark as { seq: number }).seq
      } catch (error) {
        // Another call has just created the mark, so it can be moved now; marks are never deleted.
        if (!isDuplicate(error)) throw error
      }
    }
  }

  async function moveMark(call: Call, username: string, room_id: string, seq: number): Promise<number> {
    const user = userKey(username)
    const key = `${user} ${room_id}`
    const before = moving.get(key) ?? Promise.resolve(0)
    const moved = before.catch(() => 0).then(mark => (mark >= seq ? mark : raise(call, user, room_id, seq)))
    moving.set(key, moved)
    try {
      return await moved
    } finally {
      if (moving.get(key) === moved) moving.delete(key)
    }
  }

  /**
   * Whether the user is the one that claims to be the first. The claim is never given up, so nobody becomes an
   * administrator if its registration was interrupted here and is not repeated under the same name.
   */
  async function isFirst(call: Call, user: string): Promise<boolean> {
    if ((await users.findOne({}, { ...call, projection: { _id: 1 } })) !== null) return false
    await insertIfMissing(meta.insertOne({ _id: 'first_user', value: user }, call))
    return (await meta.findOne({ _id: 'first_user' }, call))?.value === user
  }

  return {
    moveMark,

    /**
     * Creates the mark first, and only if it is missing: without a mark all of the default room would be unread for the
     * user, and the mark of an existing user with that name must not move.
     */
    async createUser(call: Call, given: StoredUser, first_is_admin = false): Promise<StoredUser> {
      const user = userKey(given.username)
      const stored = { ...given, is_admin: given.is_admin || (first_is_admin && (await isFirst(call, user))) }
      const seq = await log.readHead(call, DEFAULT_ROOM_ID)
      const isNew = await insertIfMissing(marks.insertOne({ user, room_id: DEFAULT_ROOM_ID, seq }, call))
      if (!(await insertIfMissing(users.insertOne(userDocument(stored), call)))) {
        throw new Conflict(`The name ${stored.username} is taken`)
      }
      registered_at = performance.now()
      counted_at = Number.NEGATIVE_INFINITY
      // The mark may be left from a registration that was interrupted here.
      if (!isNew) await moveMark(call, user, DEFAULT_ROOM_ID, seq)
      return stored
    },

    async readUser(call: Call, username: string): Promise<StoredUser | null> {
      const found = await users.findOne({ _id: userKey(username) }, call)
      return found && toUser(found)
    },

    async readUsers(call: Call, usernames: string[]): Promise<StoredUser[]> {
      if (usernames.length === 0) return []
      return (await users.find({ _id: { $in: usernames.map(userKey) } }, call).toArray()).map(toUser)
    },

    async changeUser(call: Call, username: string, change: ProfileChange): Promise<StoredUser | null> {
      const { display_name, bio, avatar_color, status } = change
      const changed = await users.findOneAndUpdate(
        { _id: userKey(username) },
        { $set: { display_name, bio, avatar_color, status } },
        { ...call, returnDocument: 'after' },
      )
      return changed && toUser(changed)
    },

    async changeAccount(
      call: Call,
      username: string,
      change: AccountChange,
      generation?: number,
      is_admin?: boolean,
    ): Promise<boolean> {
      const user = userKey(username)
      const update = async (filter: object) =>
        (await users.updateOne({ _id: user, ...filter }, { $set: change }, call)).matchedCount === 1
      if (generation === undefined) return update({})
      // MongoDB compares and changes in one step. FerretDB does not, so that two servers could both succeed.
      const lease = await acquire(call, `account ${user}`, async () => false)
      try {
        // Older servers put no generation.
        return await update({
          generation: generation === 0 ? { $not: { $gt: 0 } } : generation,
          ...(is_admin !== undefined && { is_admin: is_admin || { $ne: true } }),
        })
      } finally {
        await lease?.release(call)
      }
    },

    async listUsers(call: Call, { after = '', limit }: Listing): Promise<StoredUser[]> {
      const filter = { _id: { $gt: userKey(after) }, deletion: EXISTING }
      const found = users.find(filter, { ...call, sort: { _id: 1 }, limit })
      return (await found.toArray()).map(toUser)
    },

    /** Of all accounts from the collection's metadata: the cost of an exact count would grow with them. */
    async countUsers(call: Call): Promise<number> {
      if (performance.now() - counted_at < COUNT_MS) return counted
      const asked_at = performance.now()
      const deleted = await users.countDocuments({ deletion: DELETED }, call)
      const count = (await users.estimatedDocumentCount(call)) - deleted
      // A user of this server may have been registered meanwhile.
      if (registered_at < asked_at) {
        counted = count
        counted_at = asked_at
      }
      return count
    },

    async hadUsers(call: Call): Promise<boolean> {
      return (await users.findOne({}, { ...call, projection: { _id: 1 } })) !== null
    },

    async listDeletions(call: Call, limit: number): Promise<StoredUser[]> {
      const found = users.find({ deletion: DELETED, deletion_done: false }, { ...call, limit })
      return (await found.toArray()).map(toUser)
    },

    async createSession(call: Call, session: Session): Promise<void> {
      await sessions.insertOne(sessionDocument(session), call)
    },

    async readSession(call: Call, id: string): Promise<Session | null> {
      const found = await sessions.findOne({ _id: id }, call)
      return found && toSession(found)
    },

    async listSessions(call: Call, username: string, { after = '', limit }: Listing): Promise<Session[]> {
      const found = sessions.find(
        { user: userKey(username), _id: { $gt: after } },
        { ...call, sort: { _id: 1 }, limit },
      )
      return (await found.toArray()).map(toSession)
    },

    async extendSession(call: Call, id: string, expires_at: string): Promise<void> {
      await sessions.updateOne({ _id: id }, { $max: { expires_at } }, call)
    },

    async touchSession(call: Call, id: string, { last_seen_at, address }: Pick<Session, 'last_seen_at' | 'address'>) {
      await sessions.updateOne({ _id: id }, { $set: { last_seen_at, address } }, call)
    },

    async deleteSession(call: Call, id: string): Promise<void> {
      await sessions.deleteOne({ _id: id }, call)
    },

    async deleteExpiredSessions(call: Call, now: string): Promise<void> {
      const expired = { expires_at: { $lt: now } }
      for (let found = EXPIRED_STEP; found === EXPIRED_STEP; ) {
        const ids = await sessions.find(expired, { ...call, projection: { _id: 1 }, limit: EXPIRED_STEP }).toArray()
        found = ids.length
        // Sessions that were extended in the meantime stay.
        if (found > 0) await sessions.deleteMany({ _id: { $in: ids.map(({ _id }) => _id) }, ...expired }, call)
      }
    },

    async readMark(call: Call, username: string, room_id: string): Promise<number> {
      return (await marks.findOne({ user: userKey(username), room_id }, call))?.seq ?? 0
    },

    async readMarks(call: Call, room_id: string, usernames: string[]): Promise<number[]> {
      const keys = usernames.map(userKey)
      const found = await marks.find({ user: { $in: keys }, room_id }, call).toArray()
      const seqs = new Map(found.map(({ user, seq }) => [user, seq]))
      return keys.map(key => seqs.get(key) ?? 0)
    },
  }
}
