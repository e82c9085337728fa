import type { Sqlite } from './sqlite.js'

/** The last seq of a room's log, or 0 if the log is empty. */
export function readHead(db: Sqlite, room_id: string): number {
  const sql = 'select seq from events where room_id = ? order by seq desc limit 1'
  return db.get<{ seq: number }>(sql, [room_id])?.seq ?? 0
}

/** The last seq of a room's log and its event's time, or 0 and an empty string if the log is empty. */
export function readLast(db: Sqlite, room_id: string): { seq: number; created_at: string } {
  const sql = 'select seq, created_at from events where room_id = ? order by seq desc limit 1'
  return db.get<{ seq: number; created_at: string }>(sql, [room_id]) ?? { seq: 0, created_at: '' }
}
