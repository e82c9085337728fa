import type { MemberRow } from '../../../../schemas/room.js'
import { foldMember, foldRoom } from '../../log/fold.js'
import { foldName } from '../../log/name.js'
import { type Collections, userKey } from '../collections.js'
import type { Call } from '../connection.js'
import { memberDocument, toRecord } from '../documents.js'
import { insertIfMissing } from '../failures.js'
import type { Log } from '../log.js'
import type { LogIndex } from '../log-index.js'
import { MEMBERSHIP_TYPES, readRows } from '../state.js'

const projection = { _id: 0, user: 0 } as const

/**
 * Members of rooms, and what the room's record says of its log: owner, number of members, whether it is deleted. The
 * record's `indexed_seq` is the position, and it is compared when the record is changed, so no change is counted twice.
 */
export function createMembers(collections: Collections, log: Log) {
  const { rooms, members, purges } = collections

  /** Of two servers that put a row at once, the one that knows the greater seq wins. */
  async function putRows(call: Call, room_id: string, rows: MemberRow[]) {
    const usernames = rows.map(({ username }) => username)
    const there = new Set((await readRows(collections, call, room_id, usernames)).map(row => userKey(row.username)))
    const missing = rows.filter(({ username }) => !there.has(userKey(username)))
    let raced = false
    if (missing.length > 0) {
      raced = !(await insertIfMissing(members.insertMany(missing.map(memberDocument), { ...call, ordered: false })))
    }
    for (const row of rows) {
      const user = userKey(row.username)
      if (!raced && !there.has(user)) continue
      await members.updateOne({ room_id, user, seq: { $lt: row.seq } }, { $set: { ...row, user } }, call)
    }
  }

  const index: LogIndex = {
    collections: { members: [{ key: { room_id: 1, user: 1 }, unique: true }, { key: { user: 1, room_id: 1 } }] },

    /** A log without a record has nothing to reflect. */
    async isAt(call, room_id, head) {
      const record = await rooms.findOne({ _id: room_id }, { ...call, projection: { indexed_seq: 1 } })
      return record === null || record.indexed_seq >= head
    },

    /** The rows before the record: a reader trusts the rows as far as the record says. */
    async step(call, room_id, { seq: head }) {
      const found = await rooms.findOne({ _id: room_id }, call)
      if (found === null || found.indexed_seq >= head) return false
      const record = toRecord(found)
      const changes = await log.readTypes(call, room_id, MEMBERSHIP_TYPES, record.indexed_seq, head)
      const rows = new Map<string, MemberRow>()
      for (const event of changes) {
        const row = foldMember(event)
        if (row !== null) rows.set(userKey(row.username), row)
      }
      if (rows.size > 0) await putRows(call, room_id, [...rows.values()])
      const { id, name, owner, member_count, deleted } = changes.reduce(foldRoom, record)
      if (deleted) await insertIfMissing(purges.insertOne({ _id: id, seq: 0 }, call))
      const tombstone = deleted ? id : ''
      const changed = { name, name_folded: foldName(name), owner, member_count, deleted, tombstone, indexed_seq: head }
      await rooms.updateOne({ _id: id, indexed_seq: record.indexed_seq }, { $set: changed }, call)
      return false
    },
  }

  return {
    index,

    async readMember(call: Call, room_id: string, username: string): Promise<MemberRow | null> {
      return members.findOne({ room_id, user: userKey(username) }, { ...call, projection })
    },

    async listMembers(call: Call, room_id: string, { after = '', limit }: { after?: string; limit: number }) {
      const filter = { room_id, is_member: true, user: { $gt: userKey(after) } }
      return members.find(filter, { ...call, projection, sort: { user: 1 }, limit }).toArray()
    },
  }
}
