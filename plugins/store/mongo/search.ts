import type { SearchResult } from '../store.js'
import type { Collections } from './collections.js'
import type { Call } from './connection.js'
import type { Log } from './log.js'

/** Seqs that one search looks over: the index finds what has one of the terms, and of these it may look at all. */
const SPAN = 100_000

/** Messages with all the terms, newest first. */
export function createSearch({ terms }: Collections, log: Log) {
  return async function searchTerms(
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
    if (seqs.length === limit) return { seqs, next_before: seqs.at(-1) as number }
    return { seqs, next_before: from > 1 ? from : null }
  }
}
