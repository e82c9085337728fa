import type { Filter } from 'mongodb'
import type { StoredEvent } from '../../../schemas/event.js'
import type { MemberRow } from '../../../schemas/room.js'
import { DEFAULT_ROOM_ID, limits } from '../../../schemas/wire.js'
import { foldLast, foldMember, foldRoom, isModerator, membersOf } from '../log/fold.js'
import { type Standing, UNREAD_SCAN_MAX } from '../store.js'
import { type Collections, type EventDocument, type RoomDocument, userKey } from './collections.js'
import type { Call } from './connection.js'
import { toRecord } from './documents.js'
import { STEP_EVENTS } from './log-index.js'
import { anyOf, type createMentions } from './mentions.js'

/** The seq up to which a record reflects its log. */
export const reflected = ({ indexed_seq, latest }: RoomDocument) => Math.min(indexed_seq, latest?.seq ?? indexed_seq)

/**
 * Reads what a list shows of some rooms, with four commands in total. The order of the reads is that of `readState`:
 * records (read by the caller), member rows, then the events that the records do not reflect. Folded together they give
 * each room as of the last of these events.
 *
 * Two more, if somebody mentions the user in what is unread.
 *
 * @param settle brings the record of a room up to date and reads it again
 */
export function createReadStandings(
  { members, marks, events }: Collections,
  settle: (call: Call, room_ids: string[]) => Promise<RoomDocument[]>,
  mentions: Pick<ReturnType<typeof createMentions>, 'after' | 'countUnread'>,
) {
  /**
   * The events that each record does not reflect, oldest first, and among the newest UNREAD_SCAN_MAX events those that
   * mention the user.
   * @param read_upto of the user's own rooms: what is before it counts as read
   */
  async function readTails(call: Call, user: string, records: RoomDocument[], read_upto: Map<string, number>) {
    const tails = new Map<string, StoredEvent[]>(records.map(({ _id }) => [_id, []]))
    const froms = new Map(records.map(record => [record._id, reflected(record)]))
    const mentioning: EventDocument[] = []
    const branches = [...froms].flatMap(([room_id, from]): Filter<EventDocument>[] => {
      const read = read_upto.get(room_id)
      const tail = { room_id, seq: { $gt: from, $lte: from + STEP_EVENTS } }
      return read === undefined ? [tail] : [tail, mentions.after(user, room_id, Math.max(read, from - UNREAD_SCAN_MAX))]
    })
    const sort = { room_id: 1, seq: 1 } as const
    for await (const found of events.find(anyOf(branches), { ...call, projection: { _id: 0 }, sort })) {
      const { user: _, mention, ...event } = found
      const from = froms.get(event.room_id) as number
      if (event.seq > from && event.seq <= from + STEP_EVENTS) tails.get(event.room_id)?.push(event)
      if (mention) mentioning.push(found)
    }
    return { tails, mentioning }
  }

  /** Counts other users' undeleted messages among the events that the records reflect. */
  async function countReflected(call: Call, user: string, rooms: { room_id: string; after: number; upto: number }[]) {
    const counts = new Map<string, number>()
    const branches = rooms.flatMap(({ room_id, after, upto }) => {
      const range = { room_id, seq: { $gt: after, $lte: upto } }
      const deleted = { ...range, type: 'deleted' as const, target: { $gt: after } }
      const others = { user: { $ne: user } }
      // Authors delete their own messages; of a moderator's deletion, `member` is the author.
      const branches: Filter<EventDocument>[] = [
        { ...range, ...others, type: 'message' },
        { ...deleted, ...others, member: { $exists: false } },
        { ...deleted, member: { $exists: true } },
      ]
      return after < upto ? branches : []
    })
    if (branches.length === 0) return counts
    const key = { room_id: '$room_id', type: '$type', member: '$member' }
    const groups = events.aggregate<{ _id: Pick<StoredEvent, 'room_id' | 'type' | 'member'>; count: number }>(
      [{ $match: anyOf(branches) }, { $group: { _id: key, count: { $sum: 1 } } }],
      call,
    )
    for await (const { _id, count } of groups) {
      if (_id.member && userKey(_id.member) === user) continue
      counts.set(_id.room_id, (counts.get(_id.room_id) ?? 0) + (_id.type === 'message' ? count : -count))
    }
    return counts
  }

  /** @param isLast whether the records were just brought up to date; then newer events are left out */
  return async function readStandings(
    call: Call,
    username: string,
    records: RoomDocument[],
    isLast = false,
  ): Promise<Standing[]> {
    if (records.length === 0) return []
    const user = userKey(username)
    const of = { user, room_id: { $in: records.map(({ _id }) => _id) } }
    const rows = new Map<string, MemberRow>()
    for (const row of await members.find(of, call).toArray()) rows.set(row.room_id, row)
    const read = new Map((await marks.find(of, call).toArray()).map(({ room_id, seq }) => [room_id, seq]))
    const own = records.filter(({ _id }) => rows.get(_id)?.is_member ?? _id === DEFAULT_ROOM_ID)
    const known = own.map(({ _id, emptied_seq = 0 }): [string, number] => [
      _id,
      Math.max(read.get(_id) ?? 0, emptied_seq, rows.get(_id)?.since ?? 0),
    ])
    const { tails, mentioning } = await readTails(call, user, records, new Map(known))
    const lags = (record: RoomDocument) => !record.latest || tails.get(record._id)?.length === STEP_EVENTS
    const late = isLast ? [] : records.filter(lags).map(({ _id }) => _id)
    if (late.length > 0) {
      const others = records.filter(({ _id }) => !late.includes(_id))
      const settled = await settle(call, late)
      return [...(await readStandings(call, username, others)), ...(await readStandings(call, username, settled, true))]
    }

    const standings = records.map(record => {
      const tail = tails.get(record._id) as StoredEvent[]
      let row = rows.get(record._id)
      for (const event of tail) {
        const username = membersOf(event).find(name => userKey(name) === user)
        if (username !== undefined) row = foldMember(event, username, row) ?? row
      }
      const is_member = row ? row.is_member : record._id === DEFAULT_ROOM_ID
      const from = reflected(record)
      const seq = tail.at(-1)?.seq ?? from
      const last_read_seq = is_member ? (read.get(record._id) ?? 0) : 0
      const { invites: _, ...room } = tail.reduce(foldRoom, toRecord(record))
      const standing: Standing = {
        room,
        is_member,
        is_moderator: isModerator(room, username, is_member, row?.role),
        ...(row?.muted && { muted: row.muted }),
        seq,
        last_read_seq,
        unread: 0,
        unread_mentions: 0,
        last_message: is_member ? tail.reduce(foldLast, record.latest?.message ?? null) : null,
      }
      const read_upto = is_member && !room.deleted ? Math.max(last_read_seq, room.emptied_seq, row?.since ?? 0) : seq
      const after = is_member ? Math.max(last_read_seq, room.emptied_seq, seq - UNREAD_SCAN_MAX) : seq
      return { standing, tail, after, upto: from, read_upto }
    })
    const ranges = standings.map(({ standing, after, upto }) => ({ room_id: standing.room.id, after, upto }))
    const counts = await countReflected(call, user, ranges)
    const unread = standings.map(({ standing, read_upto }) => {
      return { room_id: standing.room.id, after: read_upto, upto: standing.seq }
    })
    const mentioned = await mentions.countUnread(call, user, mentioning, unread)
    for (const { standing, tail, after } of standings) {
      standing.unread_mentions = mentioned.get(standing.room.id) ?? 0
      const others = tail.filter(event => userKey(authorOf(event)) !== user)
      const sent = others.filter(({ type, seq }) => type === 'message' && seq > after).length
      const deleted = others.filter(({ type, target = 0 }) => type === 'deleted' && target > after).length
      const count = (counts.get(standing.room.id) ?? 0) + sent - deleted
      standing.unread = Math.min(count, limits.UNREAD_MAX)
    }
    return standings.map(({ standing }) => standing)
  }
}

/** The author of the message that an event is or deletes. */
const authorOf = ({ type, username, member = username }: StoredEvent) => (type === 'deleted' ? member : username)
