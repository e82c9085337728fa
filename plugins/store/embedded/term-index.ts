import { setImmediate as nextTurn } from 'node:timers/promises'
import { textTerms } from '../log/terms.js'
import type { SearchResult } from '../store.js'
import { readHead } from './head.js'
import type { Sqlite } from './sqlite.js'

/**
 * The search index is a full-text table of SQLite's, which holds no texts and knows nothing of languages: its words are
 * the terms of `terms.ts`, each led by its room's number, and its rowid is the room's number and the message's seq.
 * It takes a fifth of the time of a plain table of terms, and a sixth of the room.
 */
export const TERMS_TABLE = `
create virtual table terms using fts5 (
  text, content = '', contentless_delete = 1, detail = none, tokenize = "ascii tokenchars '_'"
);
`

const word = (room: number, term: string) => `${room}_${term}`

/** A text as the index takes it. */
export function indexedText(room: number, text: string): string {
  return [...textTerms(text)].map(term => word(room, term)).join(' ')
}

/** What a search does in one turn of the event loop, about. */
const SLICE_MS = 3
/** Turns after which a search says where to go on. */
const SLICES_MAX = 30
/** The part of the log looked over in the first turn; later ones are as large as SLICE_MS allows. */
const FIRST_SPAN = 20_000

export interface Search {
  room_id: string
  terms: string[]
  before: number
  limit: number
}

export function createTermReads(db: Sqlite) {
  const readIndexed = (room_id: string) =>
    db.get<{ id: number; seq: number }>('select id, seq from indexed where room_id = ?', [room_id])

  return {
    /** Whether a room's terms are up to its log's head. */
    isIndexed(room_id: string): boolean {
      return (readIndexed(room_id)?.seq ?? 0) >= readHead(db, room_id)
    },

    /** Messages over `above` and below `before` that have all the terms, newest first. */
    searchSpan({ room_id, terms, before, limit }: Search, above: number): number[] {
      const room = readIndexed(room_id)
      if (room === undefined) return []
      const query = terms.map(term => `"${word(room.id, term).replaceAll('"', '""')}"`).join(' AND ')
      const rows = db.all<{ seq: number }>(
        `select rowid & 0xfffffffff as seq from terms
         where terms match ?1 and rowid > (?2 << 36) | ?3 and rowid < (?2 << 36) | ?4 order by rowid desc limit ?5`,
        [query, room.id, above, before, limit],
      )
      return rows.map(({ seq }) => seq)
    },
  }
}

/**
 * Walks down the log in slices with other work between, since what two frequent terms cost is not known beforehand.
 *
 * @param searchSpan as above
 */
export async function searchDown(
  searchSpan: (search: Search, above: number) => Promise<number[]>,
  { before, ...search }: Search,
  head: number,
): Promise<SearchResult> {
  const seqs: number[] = []
  let from = Math.min(before, head + 1)
  let span = FIRST_SPAN
  for (let slice = 0; slice < SLICES_MAX && from > 1; slice++) {
    const above = Math.max(0, from - 1 - span)
    const started_at = performance.now()
    seqs.push(...(await searchSpan({ ...search, before: from, limit: search.limit - seqs.length }, above)))
    if (seqs.length === search.limit) return { seqs, next_before: seqs.at(-1) as number }
    from = above + 1
    span = performance.now() - started_at < SLICE_MS ? span * 2 : Math.max(1, span >> 1)
    await nextTurn()
  }
  return { seqs, next_before: from > 1 ? from : null }
}
