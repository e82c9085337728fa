import { readHead } from './head.js'
import { deferred, immediate } from './indexes.js'
import { applyTo, type TextEvent } from './log-index.js'
import type { EventRow } from './rows.js'
import type { Sqlite } from './sqlite.js'

/** Bounds of one step, because commits wait for it. */
const STEP_EVENTS = 200
const STEP_CHARACTERS = 20_000
/** Unindexed events beyond which commits wait for the index, so that it cannot fall behind without bound. */
export const BEHIND_MAX = 5000
/** Maximum number of unindexed rooms remembered. */
const ROOMS_MAX = 10_000

type Row = Pick<EventRow, 'seq' | 'type' | 'target' | 'text'>

interface Position {
  id: number
  room_id: string
  seq: number
}

/**
 * Background work after commits: indexing search terms and purging deleted rooms. It runs in small steps, each of them
 * a transaction that also advances its position, so that a crash neither loses nor repeats work.
 *
 * The list of unindexed rooms is only a hint in memory; a room that was unindexed at a crash is indexed with its next
 * event or search.
 */
export function createUpkeep(db: Sqlite) {
  /** Rooms with unindexed events, and how many were reported for each. */
  const behind = new Map<string, number>()
  let events_behind = 0
  /** Rooms that are still to be indexed before the ones that fall behind meanwhile. */
  let round = new Set<string>()
  let mayPurge = true
  /** Rounds and steps of purges take turns. */
  let isRoundNext = true

  // After an upgrade the terms of every room are made anew. Commits do not wait for these events: they are not counted.
  const unindexed = db.all<{ room_id: string }>(`select room_id from indexed where seq = 0 limit ${ROOMS_MAX}`)
  for (const { room_id } of unindexed) behind.set(room_id, 0)

  /** A room's number in the index, and up to where it is indexed. It gets its number with the first call. */
  function position(room_id: string): Position {
    const read = 'select id, room_id, seq from indexed where room_id = ?'
    const known = db.get<Position>(read, [room_id])
    if (known !== undefined) return known
    db.run('insert into indexed (room_id, seq) values (?, 0)', [room_id])
    return db.get<Position>(read, [room_id]) as Position
  }

  /** Indexes a room's next events. @returns their number, and whether the room is now indexed up to its head */
  function indexRoom({ room_id, seq: after }: Position, events_max: number) {
    const rows = db.all<Row>(
      'select seq, type, target, text from events where room_id = ? and seq > ? order by seq limit ?',
      [room_id, after, events_max],
    )
    let done = 0
    let characters = 0
    for (const { text } of rows) {
      done++
      characters += text?.length ?? 0
      if (characters >= STEP_CHARACTERS) break
    }
    const events = rows.slice(0, done).map(({ seq, type, target, text }): TextEvent => {
      return { seq, type, ...(target !== null && { target }), ...(text !== null && { text }) }
    })
    applyTo(deferred, db, room_id, events)
    const last = events.at(-1)
    if (last !== undefined) db.run('update indexed set seq = ? where room_id = ?', [last.seq, room_id])
    return { done, characters, finished: done === rows.length && done < events_max }
  }

  function progressed(room_id: string, done: number, finished: boolean) {
    const known = behind.get(room_id) ?? 0
    const left = finished ? 0 : Math.max(0, known - done)
    events_behind -= known - left
    if (finished) behind.delete(room_id)
    else behind.set(room_id, left)
  }

  /** @param rooms at most STEP_EVENTS */
  function index(rooms: string[]) {
    const steps: [room_id: string, done: number, finished: boolean][] = []
    db.transaction(() => {
      let events = STEP_EVENTS
      let characters = STEP_CHARACTERS
      // By number, because FTS5 writes out what it has gathered whenever the rowids of a transaction go back.
      for (const room of rooms.map(position).sort((a, b) => a.id - b.id)) {
        const step = indexRoom(room, events)
        steps.push([room.room_id, step.done, step.finished])
        events -= step.done
        characters -= step.characters
        if (events <= 0 || characters <= 0) break
      }
    })
    for (const step of steps) progressed(...step)
    for (const [room_id, , finished] of steps) if (finished) round.delete(room_id)
  }

  /** Purges a part of a deleted room, or of one that does not keep all messages: texts and index entries. */
  function purge() {
    db.transaction(() => {
      const next = db.get<{ room_id: string; seq: number; upto: number | null }>('select * from purges limit 1')
      if (next === undefined) {
        mayPurge = false
        return
      }
      const { room_id, seq: after } = next
      const upto = Math.min(after + STEP_EVENTS, next.upto ?? readHead(db, room_id))
      if (upto <= after) {
        db.run('delete from purges where room_id = ?', [room_id])
        return
      }
      for (const index of [...immediate, ...deferred]) index.forget?.(db, room_id, after, upto)
      const range = [room_id, after, upto]
      db.run(`update events set text = '' where room_id = ? and seq > ? and seq <= ? and text <> ''`, range)
      // Edits that came later.
      db.run(`update events set text = '' where room_id = ? and target > ? and target <= ? and text <> ''`, range)
      db.run('update purges set seq = ? where room_id = ?', [upto, room_id])
    })
  }

  return {
    get events_behind() {
      return events_behind
    },

    /** Records a committed append. */
    appended(room_id: string, events: { type: string }[]) {
      if (behind.has(room_id) || behind.size < ROOMS_MAX) {
        behind.set(room_id, (behind.get(room_id) ?? 0) + events.length)
        events_behind += events.length
      }
      if (events.some(({ type }) => type === 'room_deleted' || type === 'emptied')) mayPurge = true
    },

    /** Whether `step` has work to do. */
    get pending() {
      return behind.size > 0 || mayPurge
    },

    /** Whether steps are left of the work that was there when the last round began; what came later can wait. */
    get inRound() {
      return round.size > 0 || mayPurge
    },

    /** Does one step of the work. @param first the room to index first */
    step(first?: string) {
      // Losing the last steps in a power failure is harmless, so they need not be synced.
      db.exec('pragma synchronous = normal')
      try {
        if (first !== undefined) {
          index([first])
        } else if (mayPurge && round.size === 0 && !(isRoundNext && behind.size > 0)) {
          isRoundNext = true
          purge()
        } else {
          isRoundNext = false
          if (round.size === 0) round = new Set(behind.keys())
          index([...round].slice(0, STEP_EVENTS))
        }
      } finally {
        db.exec('pragma synchronous = full')
      }
    },
  }
}
