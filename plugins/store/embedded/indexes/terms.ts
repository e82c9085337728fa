import { setImmediate as nextTurn } from 'node:timers/promises'
import type { EventType } from '../../../../schemas/event-types.js'
import { textTerms } from '../../log/terms.js'
import type { SearchResult } from '../../store.js'
import { readHead } from '../head.js'
import type { LogIndex, TextEvent } from '../log-index.js'
import type { Sqlite } from '../sqlite.js'

const word = (room: number, term: string) => `${room}_${term}`

/** A text in the form in which it is indexed. */
export function indexedText(room: number, text: string): string {
  return [...textTerms(text)].map(term => word(room, term)).join(' ')
}

/** A room's number in the index, and the seq up to which the deferred indexes reflect its log. */
const readIndexed = (db: Sqlite, room_id: string) =>
  db.get<{ id: number; seq: number }>('select id, seq from indexed where room_id = ?', [room_id])

const remove = (db: Sqlite, room: number, seq: number) =>
  db.run('delete from terms where rowid = (?1 << 36) | ?2', [room, seq])

/**
 * The search index is a contentless FTS5 table without language support: its words are the terms of `log/terms.ts`,
 * each prefixed with its room's number, and its rowid combines the room's number and the message's seq. It takes a
 * fifth of the time of a plain table of terms, and a sixth of the space.
 */
export const terms: LogIndex<TextEvent> = {
  name: 'terms',
  tables: `
create virtual table terms using fts5 (
  text, content = '', contentless_delete = 1, detail = none, tokenize = "ascii tokenchars '_'"
);
`,
  types: new Set<EventType>(['message', 'edited', 'deleted']),

  apply(db, room_id, events) {
    const room = readIndexed(db, room_id)?.id as number
    for (const { seq, type, target, text } of events) {
      if (type === 'deleted') remove(db, room, target as number)
      // Only the newest text of a message is indexed. A text that is already emptied is skipped: its `deleted` event
      // follows.
      else if (text !== undefined && text !== '') {
        db.run('insert or replace into terms (rowid, text) values ((?1 << 36) | ?2, ?3)', [
          room,
          target ?? seq,
          indexedText(room, text),
        ])
      }
    }
  },

  forget(db, room_id, after, upto) {
    const room = readIndexed(db, room_id)?.id
    if (room !== undefined) for (let seq = after + 1; seq <= upto; seq++) remove(db, room, seq)
  },
}

/** How long a search runs in one turn of the event loop, approximately. */
const SLICE_MS = 3
/** Work after which a search returns what it has and where to continue, ms. */
const SEARCH_MS = 10
/** Seqs searched in the first turn; later turns take as many as SLICE_MS allows. */
const FIRST_SPAN = 2000

export interface Search {
  room_id: string
  terms: string[]
  before: number
  limit: number
}

export function createTermReads(db: Sqlite) {
  return {
    /** Whether the deferred indexes reflect a room's log up to its head. */
    isIndexed(room_id: string): boolean {
      return (readIndexed(db, room_id)?.seq ?? 0) >= readHead(db, room_id)
    },

    /** Messages that have all the terms, with seqs between `above` and `before` (both exclusive), newest first. */
    searchSpan({ room_id, terms, before, limit }: Search, above: number): number[] {
      const room = readIndexed(db, room_id)
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
 * Searches the log downwards in slices and yields to the event loop in between, because the cost of combining frequent
 * terms is not known beforehand.
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
  let worked_ms = 0
  while (from > 1 && worked_ms < SEARCH_MS) {
    const above = Math.max(0, from - 1 - span)
    const started_at = performance.now()
    seqs.push(...(await searchSpan({ ...search, before: from, limit: search.limit - seqs.length }, above)))
    const slice_ms = performance.now() - started_at
    worked_ms += slice_ms
    if (seqs.length === search.limit) return { seqs, next_before: seqs.at(-1) as number, worked_ms }
    from = above + 1
    span = slice_ms < SLICE_MS ? span * 2 : Math.max(1, span >> 1)
    await nextTurn()
  }
  return { seqs, next_before: from > 1 ? from : null, worked_ms }
}
