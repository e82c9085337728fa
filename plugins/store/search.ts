import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Reads } from './reads.js'
import { SEARCH_SCAN_MAX, type SearchResult } from './store.js'

/** Messages looked at in one turn of the event loop: some milliseconds. */
const SLICE = 1000
/** Terms are told apart by how rare they are up to here. */
const COUNT_MAX = 1000

type SearchReads = {
  [Name in 'countTerm' | 'searchSlice']: (...args: Parameters<Reads[Name]>) => Promise<ReturnType<Reads[Name]>>
}

/** Walks down the messages that have the rarest term, in slices with other work between. */
export async function search(
  reads: SearchReads,
  room_id: string,
  terms: string[],
  { before, limit }: { before: number; limit: number },
): Promise<SearchResult> {
  const counted = await Promise.all(
    terms.map(async term => ({ term, count: await reads.countTerm(room_id, term, before, COUNT_MAX) })),
  )
  const rarest = counted.sort((a, b) => a.count - b.count).map(({ term }) => term)

  const seqs: number[] = []
  let from = before
  for (let looked = 0; looked < SEARCH_SCAN_MAX; looked += SLICE) {
    const slice = await reads.searchSlice(room_id, rarest, from, SLICE)
    seqs.push(...slice.seqs)
    if (seqs.length >= limit) return { seqs: seqs.slice(0, limit), next_before: seqs[limit - 1] as number }
    if (slice.looked < SLICE) return { seqs, next_before: null }
    from = slice.last
    await nextTurn()
  }
  return { seqs, next_before: from }
}
