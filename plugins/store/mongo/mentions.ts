import type { Filter } from 'mongodb'
import type { StoredEvent } from '../../../schemas/event.js'
import { DEFAULT_ROOM_ID, limits } from '../../../schemas/wire.js'
import { EVERYBODY, mentionedBy } from '../log/mentions.js'
import type { MentionPage, MentionQuery, Target } from '../store.js'
import { type Collections, type EventDocument, mentionKey, userKey } from './collections.js'
import type { Call } from './connection.js'
import { EVENT_PROJECTION } from './documents.js'

/** Rooms per command: MongoDB merges that many sorted ranges, two for each room, and sorts more than 200 in memory. */
const ROOMS_MAX = 100

/** FerretDB pushes down a single filter, but scans all events for an `$or`. */
export function anyOf(branches: Filter<EventDocument>[]): Filter<EventDocument> {
  return branches.length === 1 ? { ...branches[0] } : { $or: branches }
}

type Key = Pick<StoredEvent, 'room_id' | 'seq'>
const keyOf = ({ room_id, seq }: Key) => `${room_id} ${seq}`

/** A range of a room's log. */
export interface Range {
  room_id: string
  after: number
  upto: number
}

/** Reads mentions from the log itself, by the indexes on `mention`. */
export function createMentions({ events, members, rooms, users }: Collections) {
  const keysOf = (user: string, room_id: string) => [mentionKey(user, room_id), mentionKey(EVERYBODY, room_id)]

  /** The edits and deletions of some messages, oldest first. */
  async function readChanges(call: Call, messages: Key[]): Promise<Map<string, StoredEvent[]>> {
    const changes = new Map<string, StoredEvent[]>()
    if (messages.length === 0) return changes
    const targets = new Map<string, number[]>()
    for (const { room_id, seq } of messages) targets.set(room_id, [...(targets.get(room_id) ?? []), seq])
    const branches = [...targets].map(([room_id, seqs]) => ({ room_id, target: { $in: seqs } }))
    const found = events.find(anyOf(branches), { ...call, projection: EVENT_PROJECTION, sort: { seq: 1 } })
    for await (const event of found) {
      const key = keyOf({ room_id: event.room_id, seq: event.target as number })
      changes.set(key, [...(changes.get(key) ?? []), event])
    }
    return changes
  }

  /** Whether a message that mentioned a user, by name or with all members, still does in that way, and always did. */
  function remains(
    user: string,
    { room_id, mention }: Pick<EventDocument, 'room_id' | 'mention'>,
    changes: StoredEvent[],
  ) {
    const texts = changes.map(event => (event.type === 'edited' ? mentionedBy(event) : []))
    const ways = [user, EVERYBODY].filter(way => mention?.keys.includes(mentionKey(way, room_id)))
    return ways.some(way => texts.every(still => still.includes(way) || still.includes(EVERYBODY)))
  }

  return {
    /** Finds the messages of a room after `seq` that mention the user, or all members. */
    after: (user: string, room_id: string, seq: number): Filter<EventDocument> => ({
      'mention.keys': { $in: keysOf(user, room_id) },
      'mention.seq': { $gt: seq },
    }),

    /**
     * Counts which of these messages mention the user in ranges of rooms, without those by the user and by users whom the
     * user blocks.
     * @param found messages, some of which mention others only
     */
    async countUnread(call: Call, user: string, found: EventDocument[], ranges: Range[]): Promise<Map<string, number>> {
      const counts = new Map<string, number>()
      const rangeOf = new Map(ranges.map(range => [range.room_id, range]))
      const others = found.filter(({ room_id, seq, user: author, mention }) => {
        const { after, upto } = rangeOf.get(room_id) ?? { after: 0, upto: 0 }
        const isMentioned = keysOf(user, room_id).some(key => mention?.keys.includes(key))
        return seq > after && seq <= upto && author !== user && isMentioned
      })
      if (others.length === 0) return counts
      const blocking = { user, is_blocking: true }
      const rows = await members.find(blocking, { ...call, projection: { _id: 0, blocks: 1 } }).toArray()
      const blocked = new Set(rows.flatMap(({ blocks }) => (blocks ? [userKey(blocks.username)] : [])))
      const changes = await readChanges(call, others)
      for (const event of others) {
        if (blocked.has(event.user) || !remains(user, event, changes.get(keyOf(event)) ?? [])) continue
        counts.set(event.room_id, Math.min((counts.get(event.room_id) ?? 0) + 1, limits.UNREAD_MAX))
      }
      return counts
    },

    async listMentions(call: Call, username: string, { limit, before = '~' }: MentionQuery): Promise<MentionPage> {
      const user = userKey(username)
      const own = await members
        .find({ user, is_member: true }, { ...call, projection: { _id: 0, room_id: 1, since: 1 } })
        .toArray()
      const since = new Map(own.map(row => [row.room_id, row.since ?? 0]))
      const ids = [...new Set([DEFAULT_ROOM_ID, ...since.keys()])]
      const { created_at: joined_at = '' } = (await users.findOne({ _id: user }, call)) ?? {}
      const emptied = new Map<string, number>()
      const found: EventDocument[] = []
      for (let at = 0; at < ids.length; at += ROOMS_MAX) {
        const some = ids.slice(at, at + ROOMS_MAX)
        const records = rooms.find({ _id: { $in: some } }, { ...call, projection: { deleted: 1, emptied_seq: 1 } })
        for await (const { _id, deleted, emptied_seq } of records) if (!deleted) emptied.set(_id, emptied_seq ?? 0)
        const filter = {
          'mention.keys': { $in: some.filter(id => emptied.has(id)).flatMap(id => keysOf(user, id)) },
          'mention.place': { $lt: before },
          user: { $ne: user },
        }
        const query = { ...call, projection: { _id: 0 }, sort: { 'mention.place': -1 }, limit: limit + 1 } as const
        found.push(...(await events.find(filter, query).toArray()))
      }
      const placeOf = ({ mention }: EventDocument) => mention?.place ?? ''
      found.sort((a, b) => (placeOf(a) < placeOf(b) ? 1 : -1))
      const shown = found.slice(0, limit)
      /** Messages to all members count since the user is one. */
      const isForUser = ({ room_id, seq, created_at, mention }: EventDocument) =>
        mention?.keys.includes(mentionKey(user, room_id)) ||
        (room_id === DEFAULT_ROOM_ID ? created_at > joined_at : seq > (since.get(room_id) ?? 0))
      const kept = shown.filter(event => isForUser(event) && event.seq > (emptied.get(event.room_id) ?? 0))
      const changes = await readChanges(call, kept)
      const targets = kept.flatMap(({ user: _, mention, ...message }): Target[] => {
        const ofMessage = changes.get(keyOf(message)) ?? []
        const isStill = remains(user, { room_id: message.room_id, ...(mention && { mention }) }, ofMessage)
        return isStill ? [{ message, newest: ofMessage.at(-1) ?? null }] : []
      })
      const last = shown.at(-1)
      const next = found.length > limit && last ? placeOf(last) : null
      return { targets, next, examined: own.length }
    },
  }
}
