import type { LastMessage } from '../../../schemas/room.js'
import { DEFAULT_ROOM_ID, lastText, limits } from '../../../schemas/wire.js'
import { isModerator } from '../log/fold.js'
import { EVERYBODY } from '../log/mentions.js'
import type { Standing } from '../store.js'
import { ROOM_COLUMNS, type RoomRow, toRoom } from './rows.js'
import type { Sqlite } from './sqlite.js'

type StandingRow = Omit<RoomRow, 'invites'> & {
  membership: number | null
  role: 'moderator' | null
  muted: string | null
  mark: number | null
  unread_mentions: number
  last_id: number | null
  last_username: string
  last_text: string
  last_at: string
  newest_type: string | null
  newest_text: string
  newest_at: string
}

/** Where each field of a StandingRow comes from. */
const COLUMNS: Record<keyof StandingRow, string> = {
  id: 'room.id',
  indexed_seq: 'room.indexed_seq',
  owner: 'room.owner',
  member_count: 'room.member_count',
  password_hash: 'room.password_hash',
  slow_mode_s: 'room.slow_mode_s',
  retention_h: 'room.retention_h',
  retention_count: 'room.retention_count',
  emptied_seq: 'room.emptied_seq',
  created_at: 'room.created_at',
  deleted: 'room.deleted',
  name: 'room.name',
  description: 'room.description',
  direct: 'room.direct',
  preview: 'room.preview',
  read_counts: 'room.read_counts',
  is_public: 'room.is_public',
  max_members: 'room.max_members',
  membership: 'members.is_member',
  role: 'members.role',
  muted: 'members.muted',
  mark: 'marks.seq',
  // With `distinct`, because a message may mention both the user and all members.
  unread_mentions: `(select count(*) from (
    select distinct mentions.seq from mentions where mentions.room_id = room.id and mentions.user in (lower(?1), '${EVERYBODY}')
      and mentions.seq > max(coalesce(marks.seq, 0), room.emptied_seq, coalesce(members.since, 0))
      and mentions.author <> ?1 and mentions.author not in blocked limit ${limits.UNREAD_MAX}))`,
  last_id: 'last.seq',
  last_username: 'last.username',
  last_text: 'last.text',
  last_at: 'last.created_at',
  newest_type: 'newest.type',
  newest_text: 'newest.text',
  newest_at: 'newest.created_at',
}
const FIELDS = Object.entries(COLUMNS).map(([name, column]) => `'${name}', ${column}`)

/** One statement for all rooms, because a call of SQLite costs more than looking up one more room. */
const SQL = `
with blocked as materialized (
  select blocks ->> 'username' collate nocase as username from members indexed by members_blocks
  where username = ?1 and blocks is not null)
select json_group_array(json_object(${FIELDS})) as json
from (select ${ROOM_COLUMNS} from rooms where id in (select value from json_each(?2))) as room
left join members on members.room_id = room.id and members.username = ?1
left join marks on marks.username = ?1 and marks.room_id = room.id
left join events as last on last.room_id = room.id and last.seq = (
  select max(seq) from events where room_id = room.id and type = 'message' and seq > room.emptied_seq)
left join events as newest on newest.room_id = room.id and newest.seq = (
  select max(seq) from events where room_id = room.id and target = last.seq)`

/** A user's standings without the unread counts. */
export function readStandings(db: Sqlite, username: string, room_ids: string[]): Standing[] {
  return db.json<StandingRow[]>(SQL, [username, JSON.stringify(room_ids)]).map(row => {
    const {
      membership,
      role,
      muted,
      mark,
      unread_mentions,
      last_id,
      last_username,
      last_text,
      last_at,
      newest_type,
      newest_text,
      newest_at,
      ...record
    } = row
    const room = toRoom(record)
    const is_member = membership === null ? room.id === DEFAULT_ROOM_ID : membership === 1
    return {
      room,
      is_member,
      is_moderator: isModerator(room, username, is_member, role),
      ...(muted !== null && { muted: JSON.parse(muted) }),
      seq: room.indexed_seq,
      last_read_seq: is_member ? (mark ?? 0) : 0,
      unread: 0,
      unread_mentions: is_member && !room.deleted ? unread_mentions : 0,
      last_message: is_member && !room.deleted ? lastMessage(row) : null,
    }
  })
}

function lastMessage({ last_id, last_username, last_text, last_at, newest_type, newest_text, newest_at }: StandingRow) {
  if (last_id === null) return null
  const last: LastMessage = { id: last_id, username: last_username, text: lastText(last_text), created_at: last_at }
  if (newest_type === 'edited') last.text = lastText(newest_text)
  if (newest_type === 'deleted') Object.assign(last, { text: '', deleted_at: newest_at })
  return last
}

/**
 * Counts other users' undeleted messages after the mark of each standing, by the room's id. Does not stop at a maximum, so
 * it is for standings with few events after the mark.
 */
export function countUnreadOf(db: Sqlite, username: string, standings: Standing[]): Record<string, number> {
  const unseen = standings.map(({ room, last_read_seq, seq }) => [
    room.id,
    Math.max(last_read_seq, room.emptied_seq),
    seq,
  ])
  return db.json(
    `with wanted as materialized (
       select value ->> 0 as id, value ->> 1 as mark, value ->> 2 as head from json_each(?2))
     select json_group_object(id, (
       select count(*) from events not indexed
       where room_id = id and seq > mark and seq <= head and type = 'message' and username <> ?1
         and octet_length(text) > 0)) as json
     from wanted`,
    [username, JSON.stringify(unseen)],
  )
}
