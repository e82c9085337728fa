import type { Sqlite, Value } from './sqlite.js'
import { textTerms } from './terms.js'

/** Events of one step, and rows after which it ends: a commit that comes meanwhile waits for it. */
const STEP_EVENTS = 200
const STEP_ROWS = 4000
/** Unindexed events beyond which commits wait for the index, so that it cannot fall behind for ever. */
export const BEHIND_MAX = 5000
/** Unindexed rooms that are remembered. */
const ROOMS_MAX = 10_000

const TERMS_PER_INSERT = 50
const insertTerms = (count: number) =>
  `insert or ignore into terms (room_id, term, seq) values ${Array(count).fill('(?1, ?, ?)').join()}`
const INSERT_MANY = insertTerms(TERMS_PER_INSERT)
const INSERT_ONE = insertTerms(1)

/** What an event of a room puts into the index, or takes from it: its terms point to the message that it belongs to. */
interface Entry {
  term: string
  seq: number
}
const byTerm = (a: Entry, b: Entry) => (a.term < b.term ? -1 : a.term > b.term ? 1 : a.seq - b.seq)

/**
 * The work behind the commits: search terms of new texts, terms of deleted ones, deleted rooms. It goes in small steps,
 * each a transaction that also moves its own position, so a crash repeats nothing and loses nothing.
 *
 * What is left to do is kept in memory only as a hint; a room that a crash left unindexed is taken up with its next
 * event or search.
 */
export function createUpkeep(db: Sqlite) {
  /** Rooms with unindexed events, and how many of them were told of. */
  const behind = new Map<string, number>()
  let events_behind = 0
  let mayScrub = true
  let mayPurge = true

  const readHead = (room_id: string) =>
    db.get<{ seq: number }>('select seq from events where room_id = ? order by seq desc limit 1', [room_id])?.seq ?? 0
  const readIndexed = (room_id: string) =>
    db.get<{ seq: number }>('select seq from indexed where room_id = ?', [room_id])?.seq ?? 0

  function progressed(room_id: string, done: number, finished: boolean) {
    const known = behind.get(room_id) ?? 0
    const left = finished ? 0 : Math.max(0, known - done)
    events_behind -= known - left
    if (finished) behind.delete(room_id)
    else behind.set(room_id, left)
  }

  function insert(room_id: string, entries: Entry[]) {
    // Neighbours in the index are written together.
    entries.sort(byTerm)
    let from = 0
    for (; from + TERMS_PER_INSERT <= entries.length; from += TERMS_PER_INSERT) {
      const values: Value[] = [room_id]
      for (const { term, seq } of entries.slice(from, from + TERMS_PER_INSERT)) values.push(term, seq)
      db.run(INSERT_MANY, values)
    }
    for (const { term, seq } of entries.slice(from)) db.run(INSERT_ONE, [room_id, term, seq])
  }

  /** Indexes a room's next events. @returns whether it is then up to its head, and how much was done */
  function indexRoom(room_id: string, events_max: number) {
    const rows = db.all<{ seq: number; target: number | null; text: string | null }>(
      'select seq, target, text from events where room_id = ? and seq > ? order by seq limit ?',
      [room_id, readIndexed(room_id), events_max],
    )
    const entries: Entry[] = []
    let done = 0
    for (const { seq, target, text } of rows) {
      for (const term of textTerms(text ?? '')) entries.push({ term, seq: target ?? seq })
      done++
      if (entries.length >= STEP_ROWS) break
    }
    insert(room_id, entries)
    const last = rows[done - 1]
    if (last !== undefined) {
      db.run('insert into indexed (room_id, seq) values (?, ?) on conflict do update set seq = excluded.seq', [
        room_id,
        last.seq,
      ])
    }
    return { finished: done === rows.length && done < events_max, done, rows: entries.length }
  }

  function index(first: string | undefined) {
    let events = STEP_EVENTS
    let rows = STEP_ROWS
    const steps: [string, number, boolean][] = []
    db.transaction(() => {
      for (const room_id of first === undefined ? behind.keys() : [first]) {
        const step = indexRoom(room_id, events)
        steps.push([room_id, step.done, step.finished])
        events -= step.done
        rows -= step.rows
        if (events <= 0 || rows <= 0) break
      }
    })
    for (const step of steps) progressed(...step)
  }

  /** Takes the terms of one deleted text from the index. */
  function scrub() {
    db.transaction(() => {
      const next = db.get<{ room_id: string; seq: number; target: number; text: string }>(
        'select room_id, seq, target, text from scrubs limit 1',
      )
      if (next === undefined) {
        mayScrub = false
        return
      }
      for (const term of textTerms(next.text)) {
        db.run('delete from terms where room_id = ? and term = ? and seq = ?', [next.room_id, term, next.target])
      }
      db.run('delete from scrubs where room_id = ? and seq = ?', [next.room_id, next.seq])
    })
  }

  /** Empties a part of a deleted room: first its texts, so that nothing is indexed any more, then its terms. */
  function purge() {
    db.transaction(() => {
      const next = db.get<{ room_id: string; seq: number }>('select room_id, seq from purges limit 1')
      if (next === undefined) {
        mayPurge = false
        return
      }
      const { room_id, seq } = next
      const to = db.get<{ seq: number }>(
        `select max(seq) as seq from (select seq from events where room_id = ? and seq > ? order by seq limit ${STEP_EVENTS})`,
        [room_id, seq],
      )?.seq
      if (to != null) {
        db.run(`update events set text = '' where room_id = ? and seq > ? and seq <= ? and text <> ''`, [
          room_id,
          seq,
          to,
        ])
        db.run('update purges set seq = ? where room_id = ?', [to, room_id])
        return
      }
      const gone = db.all(
        `delete from terms where (room_id, term, seq) in
           (select room_id, term, seq from terms where room_id = ? limit ${STEP_ROWS}) returning seq`,
        [room_id],
      )
      if (gone.length === STEP_ROWS) return
      db.run('delete from scrubs where room_id = ?', [room_id])
      db.run('delete from purges where room_id = ?', [room_id])
    })
  }

  return {
    get events_behind() {
      return events_behind
    },

    /** Tells of a committed append. */
    appended(room_id: string, events: { type: string }[]) {
      if (behind.has(room_id) || behind.size < ROOMS_MAX) {
        behind.set(room_id, (behind.get(room_id) ?? 0) + events.length)
        events_behind += events.length
      }
      for (const { type } of events) {
        if (type === 'deleted') mayScrub = true
        if (type === 'room_deleted') mayPurge = true
      }
    },

    /** Whether `step` has something to do. */
    get pending() {
      return behind.size > 0 || mayScrub || mayPurge
    },

    /** Does a part of the work. @param first the room to index first */
    step(first?: string) {
      // Losing the last steps in a power cut is harmless, so they need not wait for the disk.
      db.exec('pragma synchronous = normal')
      try {
        if (first !== undefined || behind.size > 0) index(first)
        else if (mayScrub) scrub()
        else if (mayPurge) purge()
      } finally {
        db.exec('pragma synchronous = full')
      }
    },

    /** Whether a room's terms are up to its log's head. */
    upToDate: (room_id: string) => readIndexed(room_id) >= readHead(room_id),
  }
}
