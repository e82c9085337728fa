import type { Db } from 'mongodb'
import type { StoredEvent } from '../../../../schemas/event.js'
import { TERMS_VERSION, textTerms } from '../../log/terms.js'
import type { SearchResult } from '../../store.js'
import type { Collections } from '../collections.js'
import type { Call } from '../connection.js'
import { insertIfMissing } from '../failures.js'
import type { Log } from '../log.js'
import { appliedIndex } from '../log-index.js'

/** The terms of one message. */
interface TermsDocument {
  room_id: string
  seq: number
  terms: string[]
}

/** Seqs covered by one search: the database finds messages with one of the terms and may have to scan all of them. */
const SPAN = 100_000

/** Its collection, and its position in `indexed`: terms of another version are made anew, beside servers that use the old ones. */
const NAME = `terms_${TERMS_VERSION}`

/** Rooms that are indexed anew at once; further ones are with their next event or search. */
const REINDEXED_MAX = 10_000
const NAMESPACE_NOT_FOUND = 26

/**
 * Drops the terms of older versions; a server that uses them still, or again, makes them anew.
 * @returns the rooms that are to be indexed anew
 */
export async function dropOldTerms(db: Db, { indexed }: Collections): Promise<string[]> {
  let dropped = false
  for (const { name } of await db.listCollections({}, { nameOnly: true }).toArray()) {
    const match = /^terms(?:_(\d+))?$/.exec(name)
    if (match === null || Number(match[1] ?? 1) >= TERMS_VERSION) continue
    const position = match[1] === undefined ? 'seq' : name
    await indexed.updateMany({ [position]: { $exists: true } }, { $unset: { [position]: '' } })
    await db
      .collection(name)
      .drop()
      .catch(error => {
        // Another server was faster.
        if (error.code !== NAMESPACE_NOT_FOUND) throw error
      })
    dropped = true
  }
  if (!dropped) return []
  const behind = await indexed.find({ [NAME]: { $exists: false } }, { limit: REINDEXED_MAX }).toArray()
  return behind.map(({ _id }) => _id)
}

/** Search terms of messages. What is deleted leaves them, and its texts are emptied in the same step. */
export function createTerms(db: Db, { events, indexed }: Collections, log: Log) {
  const terms = db.collection<TermsDocument>(NAME)

  /** Groups texts by message. */
  function gather(room_id: string, found: StoredEvent[]) {
    const sent: TermsDocument[] = []
    const edits: TermsDocument[] = []
    for (const { seq, target, text } of found) {
      if (!text) continue
      const entry = { room_id, seq: target ?? seq, terms: [...textTerms(text)] }
      ;(target === undefined ? sent : edits).push(entry)
    }
    return { sent, edits }
  }

  async function put(call: Call, { sent, edits }: ReturnType<typeof gather>) {
    // Another server that already did this step may have added terms of later edits, which stay.
    if (sent.length > 0) await insertIfMissing(terms.insertMany(sent, { ...call, ordered: false }))
    for (const { room_id, seq, terms: more } of edits) {
      await terms.updateOne({ room_id, seq }, { $addToSet: { terms: { $each: more } } }, { ...call, upsert: true })
    }
  }

  async function scrub(call: Call, room_id: string, deleted: number[]) {
    if (deleted.length === 0) return
    await terms.deleteMany({ room_id, seq: { $in: deleted } }, call)
    const emptied = { $set: { text: '' } }
    await events.updateMany({ room_id, seq: { $in: deleted }, text: { $gt: '' } }, emptied, call)
    await events.updateMany({ room_id, target: { $in: deleted }, text: { $gt: '' } }, emptied, call)
  }

  const index = appliedIndex(
    {
      collections: {
        [NAME]: [{ key: { room_id: 1, seq: 1 }, unique: true }, { key: { room_id: 1, terms: 1, seq: 1 } }],
      },
      position: NAME,
      types: ['message', 'edited', 'deleted'],

      async apply(call, room_id, found) {
        const texts = gather(room_id, found)
        await put(call, texts)
        // Looked up after the terms were written: a slow server may have written those of a message deleted since.
        const touched = [...texts.sent, ...texts.edits].map(({ seq }) => seq)
        const named = found.flatMap(event => (event.type === 'deleted' ? [event.target as number] : []))
        await scrub(call, room_id, [...(await log.deleted(call, room_id, [...new Set([...touched, ...named])]))])
      },

      async forget(call, room_id, after, upto) {
        await terms.deleteMany({ room_id, seq: { $gt: after, $lte: upto } }, call)
      },
    },
    indexed,
    log,
  )

  return {
    index,

    async searchTerms(
      call: Call,
      room_id: string,
      wanted: string[],
      { before, limit }: { before: number; limit: number },
    ): Promise<SearchResult> {
      const below = Math.min(before, (await log.readHead(call, room_id)) + 1)
      const from = Math.max(1, below - SPAN)
      const found = await terms
        .find(
          { room_id, terms: { $all: wanted }, seq: { $gte: from, $lt: below } },
          { ...call, projection: { _id: 0, seq: 1 }, sort: { seq: -1 }, limit },
        )
        .toArray()
      const seqs = found.map(({ seq }) => seq)
      if (seqs.length === limit) return { seqs, next_before: seqs.at(-1) as number, worked_ms: 0 }
      return { seqs, next_before: from > 1 ? from : null, worked_ms: 0 }
    },
  }
}
