import { randomUUID } from 'node:crypto'
import type { Filter } from 'mongodb'
import type { StoredEvent } from '../../../schemas/event.js'
import type { RoomRecord } from '../../../schemas/room.js'
import { DEFAULT_ROOM_ID } from '../../../schemas/wire.js'
import { foldName, sortKey } from '../log/name.js'
import { Conflict, type RoomQuery } from '../store.js'
import { type Collections, type RoomDocument, userKey } from './collections.js'
import type { Call } from './connection.js'
import { eventDocument, roomDocument, toRecord } from './documents.js'
import { insertIfMissing } from './failures.js'
import type { Log } from './log.js'

/** Maximum number of room ids per command. */
const IDS_MAX = 1000

/** The record that results from a room's first event. */
function recordOf({ room_id, username, created_at, data }: StoredEvent): RoomRecord {
  const { name = room_id, description = '', is_public = true, max_members = 0, password_hash = null } = data ?? {}
  const settings = { name, description, is_public, max_members }
  const member_count = username === '' ? 0 : 1
  return {
    id: room_id,
    ...settings,
    indexed_seq: 0,
    owner: username,
    member_count,
    password_hash,
    created_at,
    deleted: false,
  }
}

/** Records of rooms. They derive from the log, but the record's insertion is what claims the name. */
export function createRooms({ rooms, members, events }: Collections, log: Log) {
  const byName = (a: RoomDocument, b: RoomDocument) =>
    Buffer.compare(Buffer.from(a.name_sort), Buffer.from(b.name_sort))

  /** @returns whether the record exists now */
  async function putRecord(call: Call, record: RoomRecord): Promise<boolean> {
    const empty = { ...roomDocument({ ...record, indexed_seq: 0 }), latest: { seq: 0, message: null } }
    if (await insertIfMissing(rooms.insertOne(empty, call))) return true
    return (await rooms.findOne({ _id: record.id }, call)) !== null
  }

  /** The first rooms of a list whose names contain `part`, except some. */
  async function find(
    call: Call,
    filter: Filter<RoomDocument>,
    part: string,
    limit: number,
    without: ReadonlySet<string> = new Set(),
  ): Promise<RoomDocument[]> {
    const found: RoomDocument[] = []
    const most = limit + without.size
    const named = rooms.find(filter, { ...call, sort: { name_sort: 1 }, ...(part === '' && { limit: most }) })
    for await (const room of named) {
      if (without.has(room._id)) continue
      // Compared here, because the query must not be interpreted as a pattern.
      if (room.name_folded.includes(part)) found.push(room)
      if (found.length === limit) break
    }
    return found
  }

  return {
    /**
     * Appends the first event, then inserts the record, which claims the name; the follower does the rest.
     *
     * If the server dies in between, the room does not exist: no client knows its id, and its name is free. The default
     * room's id is known, so a server that finds its first event without a record inserts the record of that event.
     *
     * If another room claimed the name in between, a `room_deleted` event ends the log, which was never visible.
     */
    async createRoom(call: Call, record: RoomRecord, created: StoredEvent): Promise<void> {
      if ((await rooms.findOne({ name_folded: foldName(record.name), tombstone: '' }, call)) !== null) {
        throw new Conflict(`The name ${record.name} is taken`)
      }
      const stored = eventDocument(created)
      if (!(await insertIfMissing(events.insertOne(stored, call)))) {
        const [first] = await log.readRaw(call, record.id, 0, 1, 1)
        if (first?.type === 'created') await putRecord(call, recordOf(first))
        throw new Conflict(`The log of room ${record.id} has events`)
      }
      if (await putRecord(call, record)) return
      const { room_id, username, created_at } = created
      const last = { room_id, seq: 2, type: 'room_deleted' as const, username, client_id: randomUUID(), created_at }
      await events.insertOne(eventDocument(last), call)
      throw new Conflict(`The name ${record.name} is taken`)
    },

    async readRoom(call: Call, id: string): Promise<RoomRecord | null> {
      const found = await rooms.findOne({ _id: id }, call)
      return found && toRecord(found)
    },

    /** Rooms by id, including deleted ones. */
    readRooms: (call: Call, ids: string[]): Promise<RoomDocument[]> =>
      rooms.find({ _id: { $in: ids } }, call).toArray(),

    /** The rooms of a page, plus one if there are more. */
    async findRooms(call: Call, username: string, { limit, after = '', q = '', mine }: RoomQuery) {
      const part = foldName(q)
      const there = { tombstone: '', ...(after !== '' && { name_sort: { $gt: sortKey(after) } }) }
      const rows = await members
        .find({ user: userKey(username), is_member: true }, { ...call, projection: { _id: 0, room_id: 1 } })
        .toArray()
      const own = new Set(rows.map(({ room_id }) => room_id)).add(DEFAULT_ROOM_ID)
      let found: RoomDocument[] = []
      if (mine !== true) found = await find(call, { is_public: true, ...there }, part, limit + 1, own)
      if (mine === false) return found
      const ids = [...own]
      for (let i = 0; i < ids.length; i += IDS_MAX) {
        const more = await find(call, { _id: { $in: ids.slice(i, i + IDS_MAX) }, ...there }, part, limit + 1)
        found = [...found, ...more].sort(byName).slice(0, limit + 1)
      }
      return found
    },
  }
}
