import type { Sqlite } from './sqlite.js'
import { indexedText } from './term-index.js'

/** Bounds of one step: a commit that comes meanwhile waits for it. */
const STEP_EVENTS = 100
const STEP_CHARACTERS = 20_000
/** Unindexed events beyond which commits wait for the index, so that it cannot fall behind for ever. */
export const BEHIND_MAX = 5000
/** Unindexed rooms that are remembered. */
const ROOMS_MAX = 10_000

/**
 * The work behind the commits: the search index, and the emptying of deleted rooms. It goes in small steps, each a
 * transaction that also moves its own position, so that a crash loses nothing and repeats nothing.
 *
 * Which rooms are behind is kept in memory as a hint only; one that a crash left behind is taken up with its next event
 * or search.
 */
export function createUpkeep(db: Sqlite) {
  /** Rooms with unindexed events, and how many of them were told of. */
  const behind = new Map<string, number>()
  let events_behind = 0
  let mayPurge = true

  /** Where a room stands in the index. Its `id` stands for the room there. */
  function position(room_id: string): { id: number; seq: number } {
    db.run('insert or ignore into indexed (room_id, seq) values (?, 0)', [room_id])
    return db.get('select id, seq from indexed where room_id = ?', [room_id]) as { id: number; seq: number }
  }

  const remove = (id: number, seq: number) => db.run('delete from terms where rowid = (?1 << 36) | ?2', [id, seq])

  /** Only the newest text of a message is in the index. */
  const put = (id: number, seq: number, text: string) =>
    db.run('insert or replace into terms (rowid, text) values ((?1 << 36) | ?2, ?3)', [id, seq, indexedText(id, text)])

  /** Indexes a room's next events. @returns how many, and whether the room is then up to its head */
  function indexRoom(room_id: string, events_max: number) {
    const { id, seq: after } = position(room_id)
    const rows = db.all<{ seq: number; type: string; target: number | null; text: string | null }>(
      'select seq, type, target, text from events where room_id = ? and seq > ? order by seq limit ?',
      [room_id, after, events_max],
    )
    let done = 0
    let characters = 0
    for (const { seq, type, target, text } of rows) {
      if (type === 'deleted') remove(id, target as number)
      // A text that was emptied meanwhile is left out: its `deleted` event follows.
      else if (text !== null && text !== '') put(id, target ?? seq, text)
      done++
      characters += text?.length ?? 0
      if (characters >= STEP_CHARACTERS) break
    }
    const last = rows[done - 1]
    if (last !== undefined) db.run('update indexed set seq = ? where id = ?', [last.seq, id])
    return { done, characters, finished: done === rows.length && done < events_max }
  }

  function progressed(room_id: string, done: number, finished: boolean) {
    const known = behind.get(room_id) ?? 0
    const left = finished ? 0 : Math.max(0, known - done)
    events_behind -= known - left
    if (finished) behind.delete(room_id)
    else behind.set(room_id, left)
  }

  function index(rooms: Iterable<string>) {
    const steps: [room_id: string, done: number, finished: boolean][] = []
    db.transaction(() => {
      let events = STEP_EVENTS
      let characters = STEP_CHARACTERS
      for (const room_id of rooms) {
        const step = indexRoom(room_id, events)
        steps.push([room_id, step.done, step.finished])
        events -= step.done
        characters -= step.characters
        if (events <= 0 || characters <= 0) break
      }
    })
    for (const step of steps) progressed(...step)
  }

  /** Empties a part of a deleted room: its texts, and what the index has of them. */
  function purge() {
    db.transaction(() => {
      const next = db.get<{ room_id: string; seq: number }>('select room_id, seq from purges limit 1')
      if (next === undefined) {
        mayPurge = false
        return
      }
      const { room_id } = next
      const { id } = position(room_id)
      const rows = db.all<{ seq: number; type: string }>(
        'select seq, type from events where room_id = ? and seq > ? order by seq limit ?',
        [room_id, next.seq, STEP_EVENTS],
      )
      const last = rows.at(-1)
      if (last === undefined) {
        db.run('delete from purges where room_id = ?', [room_id])
        return
      }
      for (const { seq, type } of rows) if (type === 'message') remove(id, seq)
      db.run(`update events set text = '' where room_id = ? and seq > ? and seq <= ? and text <> ''`, [
        room_id,
        next.seq,
        last.seq,
      ])
      db.run('update purges set seq = ? where room_id = ?', [last.seq, room_id])
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
      if (events.some(({ type }) => type === 'room_deleted')) mayPurge = true
    },

    /** Whether `step` has something to do. */
    get pending() {
      return behind.size > 0 || mayPurge
    },

    /** Does a part of the work. @param first the room to index first */
    step(first?: string) {
      // Losing the last steps in a power cut is harmless, so they need not wait for the disk.
      db.exec('pragma synchronous = normal')
      try {
        if (first !== undefined) index([first])
        else if (behind.size > 0) index(behind.keys())
        else if (mayPurge) purge()
      } finally {
        db.exec('pragma synchronous = full')
      }
    },
  }
}
