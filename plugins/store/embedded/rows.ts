import type { StoredEvent } from '../../../schemas/event.js'
import type { MemberRow, RoomRecord } from '../../../schemas/room.js'
import type { InviteRow } from '../../../schemas/stored-invite.js'
import type { Session, StoredUser } from '../../../schemas/user.js'
import { foldName, sortKey } from '../log/name.js'
import type { Value } from './sqlite.js'

const toJson = (value: object | undefined) => (value === undefined ? null : JSON.stringify(value))

export const EVENT_COLUMNS = 'room_id, seq, type, username, client_id, created_at, target, member, text, reply_to, data'

/** A row of `events`; fields that an event does not have are null. */
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

/** The values of an event to insert, one for each of EVENT_COLUMNS. */
export function eventValues(event: StoredEvent): Value[] {
  return [
    event.room_id,
    event.seq,
    event.type,
    event.username,
    event.client_id,
    event.created_at,
    event.target ?? null,
    event.member ?? null,
    event.text ?? null,
    event.reply_to ?? null,
    event.data === undefined ? null : JSON.stringify(event.data),
  ]
}

export const USER_COLUMNS =
  'username, display_name, bio, avatar_color, status, created_at, password_hash, blocked, generation, kept_session, is_admin, reset_hash, reset_expires_at, deletion, deleted_at, deletion_done'

export type UserRow = Omit<StoredUser, 'blocked' | 'is_admin' | 'deletion_done'> & {
  blocked: number
  is_admin: number
  deletion_done: number
}

export function toUser(row: UserRow): StoredUser {
  return {
    ...row,
    blocked: row.blocked === 1,
    is_admin: row.is_admin === 1,
    deletion_done: row.deletion_done === 1,
  }
}

/** A value for each of USER_COLUMNS. */
export function userValues(user: StoredUser): Value[] {
  return [
    user.username,
    user.display_name,
    user.bio,
    user.avatar_color,
    user.status,
    user.created_at,
    user.password_hash,
    user.blocked,
    user.generation,
    user.kept_session,
    user.is_admin,
    user.reset_hash,
    user.reset_expires_at,
    user.deletion,
    user.deleted_at,
    user.deletion_done,
  ]
}

/** Columns of `rooms`, and the log's head, up to which the record reflects it. */
export const ROOM_COLUMNS = `id, coalesce((select seq from events where room_id = rooms.id order by seq desc limit 1), 0)
  as indexed_seq, owner, member_count, password_hash, slow_mode_s, retention_h, retention_count, emptied_seq, created_at, deleted, invites,
  direct, preview, read_counts, name, description, is_public, max_members`

export type RoomRow = Omit<RoomRecord, 'deleted' | 'is_public' | 'invites' | 'direct' | 'preview' | 'read_counts'> & {
  preview: number
  read_counts: number
  deleted: number
  is_public: number
  /** As JSON. Not read for lists of rooms. */
  invites?: string | null
  direct: string | null
}

export function toRoom({ invites, direct, preview, read_counts, ...row }: RoomRow): RoomRecord {
  const room: RoomRecord = { ...row, deleted: row.deleted === 1, is_public: row.is_public === 1 }
  if (invites) room.invites = JSON.parse(invites)
  if (preview === 0) room.preview = false
  if (read_counts === 0) room.read_counts = false
  if (direct !== null) room.direct = JSON.parse(direct)
  return room
}

/** What is stored of a room, its name also as it is searched and sorted. */
export const STORED_ROOM_COLUMNS =
  'id, name, name_folded, name_sort, description, is_public, max_members, owner, member_count, password_hash, slow_mode_s, retention_h, retention_count, emptied_seq, created_at, deleted, invites, direct, preview, read_counts'

/** A value for each of STORED_ROOM_COLUMNS. */
export function roomValues(room: RoomRecord): Value[] {
  return [
    room.id,
    room.name,
    foldName(room.name),
    sortKey(room.name),
    room.description,
    room.is_public,
    room.max_members,
    room.owner,
    room.member_count,
    room.password_hash,
    room.slow_mode_s,
    room.retention_h,
    room.retention_count,
    room.emptied_seq,
    room.created_at,
    room.deleted,
    toJson(room.invites),
    toJson(room.direct),
    room.preview ?? true,
    room.read_counts ?? true,
  ]
}

export const MEMBER_COLUMNS = 'room_id, username, seq, is_member, role, banned, muted, blocks, refuses_adding, since'

export type MemberRowRow = Pick<MemberRow, 'room_id' | 'username' | 'seq'> & {
  is_member: number
  role: 'moderator' | null
  banned: string | null
  muted: string | null
  blocks: string | null
  refuses_adding: number
  since: number | null
}

export function toMember(stored: MemberRowRow): MemberRow {
  const { is_member, role, banned, muted, blocks, refuses_adding, since, ...row } = stored
  const member: MemberRow = { ...row, is_member: is_member === 1 }
  if (since !== null) member.since = since
  if (role !== null) member.role = role
  if (banned !== null) member.banned = JSON.parse(banned)
  if (muted !== null) member.muted = JSON.parse(muted)
  if (blocks !== null) member.blocks = JSON.parse(blocks)
  if (refuses_adding === 1) member.refuses_adding = true
  return member
}

/** A value for each of MEMBER_COLUMNS. */
export const memberValues = (row: MemberRow): Value[] => [
  row.room_id,
  row.username,
  row.seq,
  row.is_member,
  row.role ?? null,
  toJson(row.banned),
  toJson(row.muted),
  toJson(row.blocks),
  row.refuses_adding ?? false,
  row.since ?? null,
]

/** What is looked up of an invitation, and all of it as JSON. */
export const INVITE_COLUMNS = 'room_id, id, row'

export const toInvite = ({ row }: { row: string }): InviteRow => JSON.parse(row)

/** A value for each of INVITE_COLUMNS. */
export const inviteValues = (row: InviteRow): Value[] => [row.room_id, row.id, JSON.stringify(row)]

export const SESSION_COLUMNS = 'id, username, created_at, expires_at, generation, device, address, last_seen_at'

/** A value for each of SESSION_COLUMNS. */
export const sessionValues = (session: Session): Value[] => [
  session.id,
  session.username,
  session.created_at,
  session.expires_at,
  session.generation,
  session.device,
  session.address,
  session.last_seen_at,
]

/** As many placeholders as there are columns. */
export const placeholders = (columns: string) => columns.replace(/\w+/g, '?')
