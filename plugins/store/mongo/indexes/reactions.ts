import type { Db } from 'mongodb'
import type { StoredEvent } from '../../../../schemas/event.js'
import type { Reaction } from '../../../../schemas/reaction.js'
import { limits } from '../../../../schemas/wire.js'
import { foldReacted, isReacted, lacksNames, noReactions, rowOf } from '../../log/reactions.js'
import type { MessageReactions, ReactionRow } from '../../store.js'
import { type Collections, userKey } from '../collections.js'
import type { Call } from '../connection.js'
import { insertIfMissing } from '../failures.js'
import type { Log } from '../log.js'
import { appliedIndex, STEP_EVENTS } from '../log-index.js'

type Summary = Omit<MessageReactions, 'rows'>
type RowDocument = ReactionRow & { user: string }

const projection = { _id: 0 } as const
const POSITION = 'reactions'

/** Reactions to messages, as in the embedded store. What the follower has not applied yet is folded at the read. */
export function createReactions(db: Db, { indexed, events }: Collections, log: Log) {
  const summaries = db.collection<Summary>('reactions')
  const rows = db.collection<RowDocument>('reaction_rows')

  async function putRow(call: Call, row: ReactionRow) {
    const document = { ...row, user: userKey(row.username) }
    const { room_id, id, user, emoji, seq } = document
    if (await insertIfMissing(rows.insertOne({ ...document }, call))) return
    await rows.replaceOne({ room_id, id, user, emoji, seq: { $lt: seq } }, document, call)
  }

  /** The users who have reacted for longest. */
  async function names(call: Call, room_id: string, id: number, { emoji }: Reaction): Promise<string[]> {
    const found = rows.find(
      { room_id, id, emoji, is_on: true },
      { ...call, projection: { _id: 0, username: 1 }, sort: { seq: 1 }, limit: limits.REACTION_NAMES_MAX },
    )
    return (await found.toArray()).map(({ username }) => username)
  }

  /** Another server may change the row between the read and the write: then the events are folded over that one's. */
  async function putSummary(call: Call, room_id: string, id: number, changes: StoredEvent[]) {
    for (;;) {
      const before = await summaries.findOne({ room_id, id }, { ...call, projection })
      const folded = changes
        .filter(isReacted)
        .reduce(foldReacted, { ...(before ?? noReactions(room_id, id)), rows: [] })
      const { seq } = folded
      if (before !== null && seq <= before.seq) return
      const reactions: Reaction[] = []
      for (const one of folded.reactions) {
        reactions.push(lacksNames(one) ? { ...one, usernames: await names(call, room_id, id, one) } : one)
      }
      const summary = { room_id, id, seq, reactions }
      if (before === null) {
        if (await insertIfMissing(summaries.insertOne({ ...summary }, call))) return
      } else {
        const { matchedCount } = await summaries.replaceOne({ room_id, id, seq: before.seq }, summary, call)
        if (matchedCount === 1) return
      }
    }
  }

  const index = appliedIndex(
    {
      collections: {
        reactions: [{ key: { room_id: 1, id: 1 }, unique: true }],
        reaction_rows: [
          { key: { room_id: 1, id: 1, user: 1, emoji: 1 }, unique: true },
          { key: { room_id: 1, id: 1, emoji: 1, is_on: 1, seq: 1 } },
        ],
      },
      position: POSITION,
      types: ['reacted'],

      /** Rows first, because the names of a summary come from them. */
      async apply(call, room_id, found) {
        const newest = new Map<string, ReactionRow>()
        const changes = new Map<number, StoredEvent[]>()
        for (const event of found.filter(isReacted)) {
          const row = rowOf(event)
          newest.set(`${row.id} ${userKey(row.username)} ${row.emoji}`, row)
          changes.set(row.id, [...(changes.get(row.id) ?? []), event])
        }
        for (const row of newest.values()) await putRow(call, row)
        for (const [id, of_message] of changes) await putSummary(call, room_id, id, of_message)
      },

      async forget(call, room_id, after, upto) {
        for (const collection of [summaries, rows]) {
          await collection.deleteMany({ room_id, id: { $gt: after, $lte: upto } }, call)
        }
      },
    },
    indexed,
    log,
  )

  return {
    index,

    /** @returns null if so many events are not applied yet that the index has to catch up first */
    async readReactions(call: Call, room_id: string, ids: number[], usernames: string[]) {
      const position = ((await indexed.findOne({ _id: room_id }, call))?.[POSITION] as number | undefined) ?? 0
      const tail = await log.readTypes(call, room_id, ['reacted'], position, Number.MAX_SAFE_INTEGER, STEP_EVENTS)
      if (tail.length === STEP_EVENTS) return null
      const found = new Map<number, MessageReactions>()
      for (const summary of await summaries.find({ room_id, id: { $in: ids } }, { ...call, projection }).toArray()) {
        found.set(summary.id, { ...summary, rows: [] })
      }
      const recent = tail.filter(isReacted).filter(({ data }) => ids.includes(data.message_id))
      if (usernames.length > 0 && found.size > 0) {
        const own = { room_id, id: { $in: [...found.keys()] }, user: { $in: usernames.map(userKey) } }
        const query = { ...call, projection: { _id: 0, user: 0 }, sort: { id: 1, seq: 1 } } as const
        for await (const row of rows.find(own, query)) found.get(row.id)?.rows.push(row)
      }
      for (const event of recent) {
        const id = event.data.message_id
        found.set(id, foldReacted(found.get(id) ?? noReactions(room_id, id), event))
      }
      const users = new Set(usernames.map(userKey))
      const requested = ({ username }: ReactionRow) => users.has(userKey(username))
      return [...found.values()].map(one => ({ ...one, rows: one.rows.filter(requested) })).sort((a, b) => a.id - b.id)
    },

    countReacted: (call: Call, room_id: string, after: number) =>
      events.countDocuments({ room_id, type: 'reacted', seq: { $gt: after } }, call),
  }
}
