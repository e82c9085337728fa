import type { Filter } from 'mongodb'
import type { StoredEvent } from '../../../schemas/event.js'
import type { RoomRecord } from '../../../schemas/room.js'
import { DEFAULT_ROOM_ID } from '../../../schemas/wire.js'
import { foldName, sortKey } from '../log/name.js'
import { Conflict, type RoomQuery } from '../store.js'
import type { Claims } from './claims.js'
import { type Collections, type RoomDocument, userKey } from './collections.js'
import type { Call } from './connection.js'
import { eventDocument, toRecord } from './documents.js'
import { insertIfMissing } from './failures.js'
import type { Records } from './records.js'

/** Maximum number of room ids per command. */
const IDS_MAX = 1000
/** Lists of rooms do not show invitations. */
const projection = { invites: 0 } as const

/** Records of rooms. They derive from the log, but the record's insertion is what claims the name. */
export function createRooms({ rooms, members, events }: Collections, records: Records, claims: Claims) {
  const byName = (a: RoomDocument, b: RoomDocument) =>
    Buffer.compare(Buffer.from(a.name_sort), Buffer.from(b.name_sort))

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
    const named = rooms.find(filter, {
      ...call,
      projection,
      sort: { name_sort: 1 },
      ...(part === '' && { limit: most }),
    })
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
     * Claims the name, appends the first event, then inserts the record, which keeps the name; the follower does the rest.
     * A direct conversation has no name.
     *
     * If the server dies in between, the next server that creates a room with this id or this name inserts the record.
     */
    async createRoom(call: Call, record: RoomRecord, created: StoredEvent): Promise<void> {
      if (!record.direct && !(await claims.claim(call, record.name, record.id, 1)))
        throw new Conflict(`The name ${record.name} is taken`)
      const stored = eventDocument(created)
      if (!(await insertIfMissing(events.insertOne(stored, call)))) {
        await records.complete(call, record.id)
        throw new Conflict(`The log of room ${record.id} has events`)
      }
      await records.put(call, record)
      if (!record.direct) await claims.release(call, record.name, record.id, 1)
    },

    async readRoom(call: Call, id: string): Promise<RoomRecord | null> {
      const found = await rooms.findOne({ _id: id }, call)
      return found && toRecord(found)
    },

    async listAllRooms(call: Call, { after = '', limit }: { after?: string; limit: number }): Promise<RoomRecord[]> {
      const there = { deleted: false, _id: { $gt: after } }
      return (await rooms.find(there, { ...call, projection, sort: { _id: 1 }, limit }).toArray()).map(toRecord)
    },

    /** Rooms by id, including deleted ones. */
    readRooms: (call: Call, ids: string[]): Promise<RoomDocument[]> =>
      rooms.find({ _id: { $in: ids } }, { ...call, projection }).toArray(),

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
