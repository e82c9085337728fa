import type { Db } from 'mongodb'
import type { StoredEvent } from '../../../../schemas/event.js'
import { textTerms } from '../../log/terms.js'
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

/** Search terms of messages. For a deleted message one step drops the terms and empties the texts. */
export function createTerms(db: Db, { events, indexed }: Collections, log: Log) {
  const terms = db.collection<TermsDocument>('terms')

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
        terms: [{ key: { room_id: 1, seq: 1 }, unique: true }, { key: { room_id: 1, terms: 1, seq: 1 } }],
      },
      position: 'seq',
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
