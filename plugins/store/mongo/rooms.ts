import { randomUUID } from 'node:crypto'
import type { Filter } from 'mongodb'
import type { StoredEvent } from '../../../schemas/event.js'
import type { RoomRecord } from '../../../schemas/room.js'
import { foldName } from '../log/name.js'
import { Conflict } from '../store.js'
import { type Collections, type RoomDocument, userKey } from './collections.js'
import type { Call } from './connection.js'
import { eventDocument, roomDocument, toRecord } from './documents.js'
import { insertIfMissing } from './failures.js'
import type { Log } from './log.js'

/** Ids of rooms that one command looks for. */
const IDS_MAX = 1000

type Listing = { limit: number; after?: string; q?: string }

/** The record that a room's first event makes. */
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

/** Rooms' records. What is in them is derived from the log, but for the name, which the record takes. */
export function createRooms({ rooms, members, events }: Collections, log: Log) {
  const byName = (a: RoomDocument, b: RoomDocument) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name))

  /** @returns whether the record is there now */
  async function putRecord(call: Call, record: RoomRecord): Promise<boolean> {
    if (await insertIfMissing(rooms.insertOne(roomDocument({ ...record, indexed_seq: 0 }), call))) return true
    return (await rooms.findOne({ _id: record.id }, call)) !== null
  }

  /** The first rooms of a list that have `part` in their names. */
  async function find(call: Call, filter: Filter<RoomDocument>, part: string, limit: number): Promise<RoomDocument[]> {
    const found: RoomDocument[] = []
    const named = rooms.find(filter, { ...call, sort: { name: 1 }, ...(part === '' && { limit }) })
    for await (const room of named) {
      // The query is not a pattern, so the names are compared here.
      if (room.name_folded.includes(part)) found.push(room)
      if (found.length === limit) break
    }
    return found
  }

  return {
    /**
     * Appends the first event, then puts the record, which takes the name; the follower does the rest.
     *
     * If the server dies in between, the room does not exist: no client knows its id, and its name is free. The default
     * room's id is known, so a server that finds its first event without a record puts the record of that event.
     *
     * Where another room took the name in between, the log gets its last event: it never was visible either, and reads
     * as what it is.
     */
    async createRoom(call: Call, record: RoomRecord, created: StoredEvent): Promise<void> {
      if ((await rooms.findOne({ name: record.name, tombstone: '' }, call)) !== null) {
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

    async listRooms(call: Call, username: string, { limit, after = '', q = '' }: Listing): Promise<RoomRecord[]> {
      const part = foldName(q)
      const there = { tombstone: '', name: { $gt: after } }
      let found = await find(call, { is_public: true, ...there }, part, limit)
      const own = await members
        .find({ user: userKey(username), is_member: true }, { ...call, projection: { _id: 0, room_id: 1 } })
        .toArray()
      const ids = own.map(({ room_id }) => room_id)
      for (let i = 0; i < ids.length; i += IDS_MAX) {
        const some = { $in: ids.slice(i, i + IDS_MAX) }
        const more = await find(call, { _id: some, is_public: false, ...there }, part, limit)
        found = [...found, ...more].sort(byName).slice(0, limit)
      }
      return found.map(toRecord)
    },
  }
}
