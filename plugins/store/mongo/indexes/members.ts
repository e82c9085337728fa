import type { StoredEvent } from '../../../../schemas/event.js'
import { membershipTypes } from '../../../../schemas/event.js'
import type { MemberRow } from '../../../../schemas/room.js'
import { limits } from '../../../../schemas/wire.js'
import { foldLast, foldMember, foldRoom, lastOf, membersOf, namesRoom } from '../../log/fold.js'
import { foldName } from '../../log/name.js'
import type { Claims } from '../claims.js'
import { type Collections, type RoomDocument, userKey } from '../collections.js'
import type { Call } from '../connection.js'
import { memberDocument, nameFields, toMember, tombstoneOf, toRecord } from '../documents.js'
import { insertIfMissing } from '../failures.js'
import type { Log } from '../log.js'
import { type LogIndex, STEP_EVENTS } from '../log-index.js'
import { MEMBERSHIP_TYPES, readRows } from '../state.js'
import { createInvites } from './invites.js'

const projection = { _id: 0 } as const

const isAt = ({ indexed_seq, latest }: Pick<RoomDocument, 'indexed_seq' | 'latest'>, head: number) =>
  indexed_seq >= head && latest !== undefined && latest.seq >= head

/**
 * Members and invitations of rooms, and the fields of a room's record that derive from its log, with its newest message. The position is the record's `indexed_seq`, which is compared when the record is changed, so that no change
 * is counted twice. `latest` has its own seq, because older servers advance the position without it.
 */
export function createMembers(collections: Collections, log: Log, claims: Claims) {
  const { rooms, members, purges } = collections
  const invites = createInvites(collections)

  /** Folds events over the rows that they change. If two servers write a row at once, the greater seq wins. */
  async function putRows(call: Call, room_id: string, changes: StoredEvent[]) {
    const usernames = [...new Set(changes.flatMap(membersOf))]
    const before = await readRows(collections, call, room_id, usernames)
    const there = new Set(before.map(row => userKey(row.username)))
    const folded = new Map(before.map(row => [userKey(row.username), row]))
    const changed = new Set<string>()
    for (const event of changes) {
      for (const username of membersOf(event)) {
        const user = userKey(username)
        const row = foldMember(event, username, folded.get(user))
        if (row === null) continue
        folded.set(user, row)
        changed.add(user)
      }
    }
    const rows = [...changed].map(user => folded.get(user) as MemberRow)
    const missing = rows.filter(({ username }) => !there.has(userKey(username)))
    let raced = false
    if (missing.length > 0) {
      raced = !(await insertIfMissing(members.insertMany(missing.map(memberDocument), { ...call, ordered: false })))
    }
    for (const row of rows) {
      const user = userKey(row.username)
      if (!raced && !there.has(user)) continue
      await members.replaceOne({ room_id, user, seq: { $lt: row.seq } }, memberDocument(row), call)
    }
  }

  /** If the step is repeated after the purge, that finds nothing more to do. */
  async function purgeUpto(call: Call, room_id: string, after: number, upto: number) {
    const position = { $setOnInsert: { seq: after }, $max: { upto } }
    await purges.updateOne({ _id: room_id }, position, { ...call, upsert: true })
  }

  /** The changes that the record does not reflect yet: membership events, and the newest message as of `head`. */
  async function readChanges(call: Call, { _id: room_id, indexed_seq, latest }: RoomDocument, head: number) {
    const from = Math.min(indexed_seq, latest?.seq ?? 0)
    if (latest !== undefined && head - from <= STEP_EVENTS) {
      const events = await log.readRaw(call, room_id, from, head, STEP_EVENTS)
      const isChange = ({ type, seq }: StoredEvent) => seq > indexed_seq && membershipTypes.has(type)
      return { changes: events.filter(isChange), message: events.reduce(foldLast, latest.message) }
    }
    const changes = await log.readTypes(call, room_id, MEMBERSHIP_TYPES, indexed_seq, head)
    const [target] = await log.readPage(call, room_id, { before: head + 1, limit: 1 })
    return { changes, message: target === undefined ? null : lastOf(target) }
  }

  const index: LogIndex = {
    collections: {
      members: [
        { key: { room_id: 1, user: 1 }, unique: true },
        { key: { user: 1, room_id: 1 } },
        { key: { room_id: 1, is_banned: 1, user: 1 } },
        { key: { user: 1, is_blocking: 1, room_id: 1 } },
      ],
      invites: [{ key: { room_id: 1, id: 1 }, unique: true }],
    },

    /** A log without a record is up to date: there is nothing to update. */
    async isAt(call, room_id, head) {
      const record = await rooms.findOne({ _id: room_id }, { ...call, projection: { indexed_seq: 1, latest: 1 } })
      return record === null || isAt(record, head)
    },

    async take(call, room_id, messages) {
      const before = (messages[0] as StoredEvent).seq - 1
      const { seq } = messages.at(-1) as StoredEvent
      const derived = { indexed_seq: seq, latest: { seq, message: messages.reduce(foldLast, null) } }
      const found = { _id: room_id, indexed_seq: before, 'latest.seq': before }
      return (await rooms.updateOne(found, { $set: derived }, call)).matchedCount === 1
    },

    /** Writes the rows before the record, because readers trust the rows up to the record's position. */
    async step(call, room_id, { seq: head }) {
      const found = await rooms.findOne({ _id: room_id }, call)
      if (found === null || isAt(found, head)) return false
      const record = toRecord(found)
      const { changes, message } = await readChanges(call, found, head)
      await putRows(call, room_id, changes)
      await invites.put(call, room_id, changes)
      const { id, name, created_at: _, indexed_seq: __, invites: open, ...settings } = changes.reduce(foldRoom, record)
      const { deleted } = settings
      if (deleted)
        await purges.updateOne({ _id: id }, { $set: { seq: 0 }, $unset: { upto: '' } }, { ...call, upsert: true })
      else if (settings.emptied_seq > record.emptied_seq)
        await purgeUpto(call, id, record.emptied_seq, settings.emptied_seq)
      const tombstone = tombstoneOf({ id, ...settings })
      const isShown = !deleted && message !== null && message.id > settings.emptied_seq
      const latest = { seq: head, message: isShown ? message : null }
      const isNamed = !settings.direct && changes.some(namesRoom)
      // What other rooms still show of a name that this one has was true before.
      if (isNamed && !deleted) await claims.free(call, foldName(name), id)
      const derived = { ...settings, ...(isNamed && nameFields(name)), tombstone, latest }
      const changed = { ...derived, indexed_seq: Math.max(head, record.indexed_seq) }
      const update =
        open === undefined
          ? { $set: changed, $unset: { invites: '' as const } }
          : { $set: { ...changed, invites: open } }
      await rooms.updateOne({ _id: id, indexed_seq: record.indexed_seq }, update, call)
      if (isNamed) await claims.release(call, name, id, head)
      return false
    },

    forget: invites.forget,
  }

  return {
    index,
    readInvite: invites.readInvite,
    listInvites: invites.listInvites,

    async readMember(call: Call, room_id: string, username: string): Promise<MemberRow | null> {
      const found = await members.findOne({ room_id, user: userKey(username) }, { ...call, projection })
      return found && toMember(found)
    },

    async listMembers(call: Call, room_id: string, { after = '', limit }: { after?: string; limit: number }) {
      const filter = { room_id, is_member: true, user: { $gt: userKey(after) } }
      return (await members.find(filter, { ...call, projection, sort: { user: 1 }, limit }).toArray()).map(toMember)
    },

    async listMemberships(call: Call, username: string, { after = '', limit }: { after?: string; limit: number }) {
      const filter = { user: userKey(username), room_id: { $gt: after } }
      return (await members.find(filter, { ...call, projection, sort: { room_id: 1 }, limit }).toArray()).map(toMember)
    },

    async listBlocks(call: Call, username: string): Promise<MemberRow[]> {
      const filter = { user: userKey(username), is_blocking: true }
      const found = members.find(filter, { ...call, projection, sort: { room_id: 1 }, limit: limits.BLOCKS_MAX })
      return (await found.toArray()).map(toMember)
    },

    async listBanned(call: Call, room_id: string, { after = '', limit }: { after?: string; limit: number }) {
      const filter = { room_id, is_banned: true, user: { $gt: userKey(after) } }
      return (await members.find(filter, { ...call, projection, sort: { user: 1 }, limit }).toArray()).map(toMember)
    },
  }
}
