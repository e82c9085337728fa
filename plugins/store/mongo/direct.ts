import { hiddenMark, placeOf } from '../log/direct.js'
import { type DirectQuery, POSITIONS_MAX } from '../store.js'
import { type Collections, type RoomDocument, userKey } from './collections.js'
import type { Call } from './connection.js'
import type { Log } from './log.js'
import { reflected } from './standings.js'

/** Maximum number of room ids per command. */
const IDS_MAX = 1000

type Latest = Pick<RoomDocument, '_id' | 'indexed_seq' | 'latest'>

/** Some of a list for each command. */
function parts<T>(all: T[], most: number): T[][] {
  return Array.from({ length: Math.ceil(all.length / most) }, (_, n) => all.slice(n * most, (n + 1) * most))
}

/** @param settle brings the record of a room up to date */
export function createListDirect(
  { rooms, members, marks }: Collections,
  log: Log,
  settle: (call: Call, room_id: string) => Promise<void>,
) {
  async function readLatest(call: Call, ids: string[]): Promise<Latest[]> {
    const found: Latest[] = []
    for (const some of parts(ids, IDS_MAX)) {
      const projection = { indexed_seq: 1, latest: 1 } as const
      const direct = rooms.find({ _id: { $in: some }, direct: { $exists: true } }, { ...call, projection })
      found.push(...((await direct.toArray()) as Latest[]))
    }
    return found
  }

  /** The newest message of each conversation. Records lag behind the log, so those that do are brought up to date. */
  async function readSettled(call: Call, ids: string[]): Promise<Latest[]> {
    const found = await readLatest(call, ids)
    const late = found.filter(({ latest }) => latest === undefined).map(({ _id }) => _id)
    const positions = found.map(record => ({ room_id: record._id, seq: reflected(record as RoomDocument) }))
    for (const some of parts(positions, POSITIONS_MAX)) late.push(...(await log.findAhead(call, some)))
    for (const room_id of late) await settle(call, room_id)
    const settled = await readLatest(call, late)
    return [...found.filter(({ _id }) => !late.includes(_id)), ...settled]
  }

  async function readHidden(call: Call, user: string, ids: string[]): Promise<Map<string, number>> {
    const hidden = new Map<string, number>()
    for (const some of parts(ids, IDS_MAX)) {
      const found = marks.find({ user, room_id: { $in: some.map(hiddenMark) } }, call)
      for await (const { room_id, seq } of found) hidden.set(room_id, seq)
    }
    return hidden
  }

  /** The places of a page, one more than the limit if there are more. */
  return async (call: Call, username: string, { limit, before = '' }: DirectQuery) => {
    const user = userKey(username)
    const own = await members.find({ user, is_member: true }, { ...call, projection: { _id: 0, room_id: 1 } }).toArray()
    const records = await readSettled(
      call,
      own.map(({ room_id }) => room_id),
    )
    const hidden = await readHidden(
      call,
      user,
      records.map(({ _id }) => _id),
    )
    const places = records.flatMap(({ _id: id, latest }) => {
      const message = latest?.message
      if (!message || message.id <= (hidden.get(hiddenMark(id)) ?? 0)) return []
      return { id, place: placeOf(message.created_at, id) }
    })
    const listed = places.filter(({ place }) => before === '' || place < before)
    listed.sort((a, b) => (a.place < b.place ? 1 : -1))
    return { found: listed.slice(0, limit + 1), examined: own.length }
  }
}
