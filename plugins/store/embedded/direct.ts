import { hiddenMark } from '../log/direct.js'
import type { DirectQuery } from '../store.js'
import type { Sqlite } from './sqlite.js'

/** Each direct conversation of a user with its newest message, unless the user hid it after that message. */
const LISTED = `
  select rooms.id, last.created_at || ' ' || rooms.id as place
  from members join rooms on rooms.id = members.room_id and rooms.direct is not null
  join events as last on last.room_id = rooms.id and last.seq = (
    select max(seq) from events where room_id = rooms.id and type = 'message')
  left join marks on marks.username = members.username and marks.room_id = rooms.id || '${hiddenMark('')}'
  where members.username = ?1 and members.is_member = 1 and last.seq > coalesce(marks.seq, 0)`

/** @returns one more than the limit, if there are more */
export function listDirect(db: Sqlite, username: string, { limit, before = '' }: DirectQuery) {
  const sql = `select * from (${LISTED}) where ?2 = '' or place < ?2 order by place desc limit ?3`
  return db.all<{ id: string; place: string }>(sql, [username, before, limit + 1])
}

export const countRooms = (db: Sqlite, username: string): number =>
  db.get<{ count: number }>('select count(*) as count from members where username = ? and is_member = 1', [username])
    ?.count ?? 0
