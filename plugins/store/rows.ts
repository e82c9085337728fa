import type { StoredEvent } from '../../schemas/event.js'
import type { MemberRow, RoomRecord } from '../../schemas/room.js'
import type { StoredUser } from '../../schemas/user.js'

/** A row of `events`: what an event does not have is null. */
export type EventRow = Pick<StoredEvent, 'room_id' | 'seq' | 'type' | 'username' | 'client_id' | 'created_at'> & {
  target: number | null
  member: string | null
  text: string | null
  reply_to: number | null
  data: string | null
}

export function toEvent({ target, member, text, reply_to, data, ...event }: EventRow): StoredEvent {
  const stored: StoredEvent = event
  if (target !== null) stored.target = target
  if (member !== null) stored.member = member
  if (text !== null) stored.text = text
  if (reply_to !== null) stored.reply_to = reply_to
  if (data !== null) stored.data = JSON.parse(data)
  return stored
}

export const USER_COLUMNS = 'username, display_name, bio, avatar_color, status, created_at, password_hash, blocked'

export type UserRow = Omit<StoredUser, 'blocked'> & { blocked: number }

export function toUser(row: UserRow): StoredUser {
  return { ...row, blocked: row.blocked === 1 }
}

/** Columns of `rooms` and the log's head, which is where the record stands. */
export const ROOM_COLUMNS = `id, coalesce((select seq from events where room_id = rooms.id order by seq desc limit 1), 0)
  as indexed_seq, owner, member_count, password_hash, created_at, deleted, name, description, is_public, max_members`

export type RoomRow = Omit<RoomRecord, 'deleted' | 'is_public'> & { deleted: number; is_public: number }

export function toRoom(row: RoomRow): RoomRecord {
  return { ...row, deleted: row.deleted === 1, is_public: row.is_public === 1 }
}

export type MemberRowRow = Omit<MemberRow, 'is_member'> & { is_member: number }

export function toMember(row: MemberRowRow): MemberRow {
  return { ...row, is_member: row.is_member === 1 }
}

/** Names are searched whatever their case and width. */
export function foldName(name: string): string {
  return name.normalize('NFKC').toLowerCase()
}
