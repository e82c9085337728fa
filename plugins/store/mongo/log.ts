import type { Filter } from 'mongodb'
import type { EventType, StoredEvent } from '../../../schemas/event.js'
import { AUTHOR_SPAN, type AuthorResult, type Position, type Target, UNREAD_SCAN_MAX } from '../store.js'
import { type Collections, type EventDocument, userKey } from './collections.js'
import type { Call } from './connection.js'
import { EVENT_PROJECTION as projection } from './documents.js'

type EventsQuery = { after: number; upto?: number; limit: number; texts?: false }
type PageQuery = { before?: number; after?: number; limit: number }

export type Log = ReturnType<typeof createLog>

/** Reads a room's log. Texts of deleted messages read empty, even if they are not scrubbed yet. */
export function createLog({ events }: Collections) {
  async function find(call: Call, filter: Filter<EventDocument>, order: 1 | -1, limit: number): Promise<StoredEvent[]> {
    return events.find(filter, { ...call, projection, sort: { seq: order }, limit }).toArray()
  }

  async function newest(call: Call, room_id: string): Promise<StoredEvent | undefined> {
    return (await find(call, { room_id }, -1, 1))[0]
  }

  /** The deleted ones among some messages. */
  async function deleted(call: Call, room_id: string, seqs: number[]): Promise<Set<number>> {
    if (seqs.length === 0) return new Set()
    const found = await events
      .find({ room_id, target: { $in: seqs }, type: 'deleted' }, { ...call, projection: { _id: 0, target: 1 } })
      .toArray()
    return new Set(found.map(({ target }) => target as number))
  }

  /** Looks up deletions after the events were read, so that nothing deleted before the call is returned. */
  async function blank(call: Call, room_id: string, found: StoredEvent[]): Promise<StoredEvent[]> {
    const targetOf = ({ seq, target = seq }: StoredEvent) => target
    const gone = await deleted(call, room_id, [...new Set(found.filter(({ text }) => text).map(targetOf))])
    return found.map(event => (event.text && gone.has(targetOf(event)) ? { ...event, text: '' } : event))
  }

  /**
   * Adds the newest event that targets each message, and the number of its edits.
   *
   * The message may be deleted and scrubbed between finding its newest event and reading the text. An empty edit shows
   * this, and a second look-up finds the deletion.
   */
  async function withNewest(
    call: Call,
    room_id: string,
    messages: StoredEvent[],
  ): Promise<(Target & { edits: number })[]> {
    if (messages.length === 0) return []
    const seqs = messages.map(({ seq }) => seq)
    for (let tries = 0; ; tries++) {
      const last = new Map<number, { seq: number; edits: number }>()
      const targeting = events.find(
        { room_id, target: { $in: seqs } },
        { ...call, projection: { _id: 0, target: 1, seq: 1, type: 1 } },
      )
      for await (const { target, seq, type } of targeting) {
        const known = last.get(target as number) ?? { seq: 0, edits: 0 }
        last.set(target as number, {
          seq: Math.max(known.seq, seq),
          edits: known.edits + (type === 'edited' ? 1 : 0),
        })
      }
      const found = new Map<number, StoredEvent>()
      if (last.size > 0) {
        const newest = { room_id, seq: { $in: [...last.values()].map(({ seq }) => seq) } }
        for (const event of await find(call, newest, 1, last.size)) found.set(event.target as number, event)
      }
      const emptied = [...found.values()].some(({ type, text }) => type === 'edited' && text === '')
      if (emptied && tries === 0) continue
      return messages.map(message => {
        const newest = found.get(message.seq) ?? null
        return {
          message: newest?.type === 'deleted' ? { ...message, text: '' } : message,
          newest,
          edits: last.get(message.seq)?.edits ?? 0,
        }
      })
    }
  }

  return {
    newest,
    deleted,

    /** Events as they are stored. */
    readRaw: (call: Call, room_id: string, after: number, upto: number, limit: number) =>
      find(call, { room_id, seq: { $gt: after, $lte: upto } }, 1, limit),

    /** Events of some types as they are stored, all of them unless there is a limit. */
    readTypes: (call: Call, room_id: string, types: EventType[], after: number, upto: number, limit = 0) =>
      find(call, { room_id, type: { $in: types }, seq: { $gt: after, $lte: upto } }, 1, limit),

    async trim(call: Call, room_id: string, upto: number): Promise<void> {
      const head = (await newest(call, room_id))?.seq ?? 0
      await events.deleteMany({ room_id, seq: { $lte: Math.min(upto, head - 1) } }, call)
    },

    async readHead(call: Call, room_id: string): Promise<number> {
      return (await newest(call, room_id))?.seq ?? 0
    },

    /** One point look-up per position suffices, because logs have no gaps. */
    async findAhead(call: Call, positions: Position[]): Promise<string[]> {
      if (positions.length === 0) return []
      const next = positions.map(({ room_id, seq }) => ({ room_id, seq: seq + 1 }))
      // FerretDB on PostgreSQL pushes down a single position, but scans all events for an `$or`.
      const filter = next.length > 1 ? { $or: next } : { ...next[0] }
      const found = await events.find(filter, { ...call, projection: { _id: 0, room_id: 1 } }).toArray()
      return found.map(({ room_id }) => room_id)
    },

    async readEvents(
      call: Call,
      room_id: string,
      { after, upto = Number.MAX_SAFE_INTEGER, limit, texts }: EventsQuery,
    ) {
      const filter = { room_id, seq: { $gt: after, $lte: upto } }
      if (texts !== false) return blank(call, room_id, await find(call, filter, 1, limit))
      const bare = { ...call, projection: { ...projection, text: 0 }, sort: { seq: 1 }, limit } as const
      return events.find(filter, bare).toArray()
    },

    async readByClientId(call: Call, room_id: string, username: string, client_id: string) {
      const found = await find(call, { room_id, client_id, user: userKey(username) }, 1, 1)
      return (await blank(call, room_id, found))[0] ?? null
    },

    async readNewest(
      call: Call,
      room_id: string,
      types: readonly EventType[],
      { after = 0, before = Number.MAX_SAFE_INTEGER, limit }: PageQuery,
    ) {
      return (
        await find(call, { room_id, type: { $in: [...types] }, seq: { $gt: after, $lt: before } }, -1, limit)
      ).reverse()
    },

    async readByType(call: Call, room_id: string, type: EventType, { after, limit }: { after: number; limit: number }) {
      return blank(call, room_id, await find(call, { room_id, type, seq: { $gt: after } }, 1, limit))
    },

    async findNth(call: Call, room_id: string, n: number): Promise<number> {
      const query = {
        ...call,
        projection: { _id: 0, seq: 1 } as const,
        sort: { seq: -1 } as const,
        skip: n - 1,
        limit: 1,
      }
      const [found] = await events.find({ room_id, type: 'message' }, query).toArray()
      return found?.seq ?? 0
    },

    async findByAuthor(
      call: Call,
      room_id: string,
      username: string,
      { after, limit }: EventsQuery,
    ): Promise<AuthorResult> {
      const upto = after + AUTHOR_SPAN
      const filter = { room_id, type: 'message' as const, seq: { $gt: after, $lte: upto }, user: userKey(username) }
      const found = events.find(filter, { ...call, projection: { _id: 0, seq: 1 }, sort: { seq: 1 }, limit })
      const seqs = (await found.toArray()).map(({ seq }) => seq)
      if (seqs.length === limit) return { seqs, next_after: seqs.at(-1) as number, worked_ms: 0 }
      const head = (await newest(call, room_id))?.seq ?? 0
      return { seqs, next_after: upto < head ? upto : null, worked_ms: 0 }
    },

    async readTargets(call: Call, room_id: string, seqs: number[]) {
      if (seqs.length === 0) return []
      return withNewest(call, room_id, await find(call, { room_id, type: 'message', seq: { $in: seqs } }, 1, 0))
    },

    async readEdits(call: Call, room_id: string, id: number, { after, limit }: { after: number; limit: number }) {
      const filter = { room_id, target: id, type: 'edited' as const, seq: { $gt: after } }
      return blank(call, room_id, await find(call, filter, 1, limit))
    },

    async readPage(call: Call, room_id: string, { before = Number.MAX_SAFE_INTEGER, after, limit }: PageQuery) {
      const filter = { room_id, type: 'message' as const, seq: { $gt: after ?? 0, $lt: before } }
      const messages = await find(call, filter, after === undefined ? -1 : 1, limit)
      if (after === undefined) messages.reverse()
      return (await withNewest(call, room_id, messages)).map(({ message, newest }) => ({ message, newest }))
    },

    async countUnread(call: Call, room_id: string, username: string, after: number, max: number): Promise<number> {
      const head = (await newest(call, room_id))?.seq ?? 0
      const seq = { $gt: Math.max(after, head - UNREAD_SCAN_MAX) }
      const gone = new Set<number>()
      const deletions = events.find({ room_id, type: 'deleted', seq }, { ...call, projection: { _id: 0, target: 1 } })
      for await (const { target } of deletions) gone.add(target as number)
      // At most this many can be deleted, so this limit leaves enough.
      const messages = events.find(
        { room_id, type: 'message', seq, user: { $ne: userKey(username) } },
        { ...call, projection: { _id: 0, seq: 1 }, limit: max + gone.size },
      )
      let count = 0
      for await (const message of messages) if (!gone.has(message.seq)) count++
      return Math.min(count, max)
    },
  }
}
