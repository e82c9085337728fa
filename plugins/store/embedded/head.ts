import type { Sqlite } from './sqlite.js'

/** The last seq of a room's log, or 0 if the log is empty. */
export function readHead(db: Sqlite, room_id: string): number {
  const sql = 'select seq from events where room_id = ? order by seq desc limit 1'
  return db.get<{ seq: number }>(sql, [room_id])?.seq ?? 0
}
