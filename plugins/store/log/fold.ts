import type { StoredEvent } from '../../../schemas/event.js'
import type { Message } from '../../../schemas/message.js'
import type { Restriction } from '../../../schemas/moderation.js'
import type { LastMessage, MemberRow, RoomRecord } from '../../../schemas/room.js'
import { DEFAULT_ROOM_ID, lastText } from '../../../schemas/wire.js'
import type { Target } from '../store.js'
import { foldInvites, inviteOf } from './invites.js'
import { mentionsOf } from './mentions.js'

/** The users whose rows an event may change. */
export function membersOf({ type, username, member, data }: StoredEvent): string[] {
  if (type === 'created') return data?.members ?? (username === '' ? [] : [username])
  // The row of the user who blocks says so.
  if (type === 'blocked' || type === 'unblocked') return [username]
  return member === undefined ? [] : [member]
}

/** How long a ban or a mute lasts, by whom it is and why. */
function restrictionOf({ username, created_at, data: { until, reason } = {} }: StoredEvent): Restriction {
  return { ...(until !== undefined && { until }), by: username, at: created_at, ...(reason && { reason }) }
}

/**
 * A user's row after an event, or null if the event does not change it.
 * @param username one of the event's `membersOf`
 * @param before the user's row, if there is one; an event that it reflects changes nothing
 */
export function foldMember(
  event: StoredEvent,
  username: string,
  before: MemberRow | null | undefined,
): MemberRow | null {
  const { type, room_id, seq, member = '', created_at: at } = event
  if (before && before.seq >= seq) return null
  const is_member = before ? before.is_member : room_id === DEFAULT_ROOM_ID
  const { role, banned, muted, refuses_adding, since } = before ?? {}
  const row = { room_id, username: before?.username ?? username, seq, is_member }
  const kept = { ...(role && { role }), ...(banned && { banned }), ...(muted && { muted }) }
  const still_muted = muted && { muted }
  const still_member = is_member && { ...(since !== undefined && { since }) }
  const outside = { ...still_muted, ...(refuses_adding && { refuses_adding }) }
  switch (type) {
    case 'created':
    case 'joined':
      return { ...row, is_member: true, since: seq, ...still_muted }
    case 'left':
      return { ...row, is_member: false, ...still_muted, ...(event.data?.refuses_adding && { refuses_adding: true }) }
    case 'removed':
      return { ...row, is_member: false, ...still_muted }
    case 'banned':
      return { ...row, is_member: false, banned: restrictionOf(event), ...outside }
    case 'unbanned':
      return { ...row, ...outside }
    case 'muted':
      return { ...row, ...still_member, ...outside, ...kept, muted: restrictionOf(event) }
    case 'unmuted':
      return {
        ...row,
        ...still_member,
        ...(role && { role }),
        ...(banned && { banned }),
        ...(refuses_adding && { refuses_adding }),
      }
    case 'role_changed':
      return { ...row, ...still_member, ...still_muted, ...(event.data?.role === 'moderator' && { role: 'moderator' }) }
    case 'blocked':
      return { ...row, ...still_member, blocks: { username: member, at } }
    case 'unblocked':
      return { ...row, ...still_member }
    case 'room_changed':
      // An owner who hands the room over again is a plain member then.
      return role ? { ...row, ...still_member, ...still_muted } : null
    default:
      return null
  }
}

/** Whether a user is the owner or a moderator. @param role of the user's row */
export const isModerator = (room: RoomRecord, username: string, is_member: boolean, role: MemberRow['role'] | null) =>
  is_member && (role === 'moderator' || room.owner.toLowerCase() === username.toLowerCase())

/** Whether a room has another name after an event, or none. */
export const namesRoom = ({ type, data }: StoredEvent): boolean =>
  type === 'created' || type === 'room_deleted' || (type === 'room_changed' && data?.name !== undefined)

/**
 * A room's record after an event that follows it. The log holds valid changes only (a member does not join again), so
 * counting is enough.
 */
export function foldRoom(room: RoomRecord, event: StoredEvent): RoomRecord {
  if (event.seq <= room.indexed_seq) return room
  const next = { ...room, indexed_seq: event.seq }
  if (inviteOf(event) !== undefined) {
    const invites = foldInvites(room.invites ?? [], event)
    if (invites.length > 0) next.invites = invites
    else delete next.invites
  }
  switch (event.type) {
    case 'created': {
      delete next.invites
      const { members, ...settings } = event.data ?? {}
      Object.assign(next, settings, { member_count: membersOf(event).length, deleted: false })
      next.owner = members ? '' : event.username
      if (members) next.direct = { usernames: members, blocked_by: [] }
      break
    }
    case 'blocked':
    case 'unblocked': {
      if (!room.direct) break
      const others = room.direct.blocked_by.filter(username => username !== event.username)
      const blocked_by = event.type === 'blocked' ? [...others, event.username].sort() : others
      next.direct = { ...room.direct, blocked_by }
      break
    }
    case 'joined':
      next.member_count++
      break
    case 'left':
      if (event.data?.was_member !== false) next.member_count--
      break
    case 'removed':
      next.member_count--
      break
    case 'banned':
      if (event.data?.was_member) next.member_count--
      break
    case 'room_changed': {
      const { has_password: _, as_admin: __, preview, read_counts, ...settings } = event.data ?? {}
      Object.assign(next, settings, event.member !== undefined && { owner: event.member })
      if (preview === true) delete next.preview
      else if (preview === false) next.preview = false
      if (read_counts === true) delete next.read_counts
      else if (read_counts === false) next.read_counts = false
      break
    }
    case 'emptied':
      next.emptied_seq = Math.max(next.emptied_seq, event.data?.upto ?? 0)
      break
    case 'room_deleted':
      next.deleted = true
      next.name = room.id
      break
  }
  return next
}

/** A message in its current state: its event folded with the newest one that targets it. */
export function foldMessage({ message, newest }: Target): Message {
  const { seq, room_id, username, created_at, client_id, reply_to, text = '' } = message
  const folded: Message = { id: seq, room_id, username, text, created_at, client_id }
  if (reply_to !== undefined) folded.reply_to = reply_to
  if (message.data?.announcement) folded.announcement = true
  const spoken = newest?.type === 'deleted' ? undefined : (newest ?? message)
  if (spoken?.data) Object.assign(folded, mentionsOf(spoken))
  if (newest?.type === 'edited') {
    folded.text = newest.text ?? ''
    folded.edited_at = newest.created_at
  }
  if (newest?.type === 'deleted') {
    folded.text = ''
    folded.deleted_at = newest.created_at
    if (newest.username !== username) folded.deleted_by = newest.username
  }
  return folded
}

/** A room's newest message, for a list, after an event that follows it. */
export function foldLast(last: LastMessage | null, event: StoredEvent): LastMessage | null {
  const { type, seq, username, target, text = '', created_at, data } = event
  if (type === 'message') return { id: seq, username, text: lastText(text), created_at }
  if (type === 'room_deleted' || (type === 'emptied' && last !== null && last.id <= (data?.upto ?? 0))) return null
  if (last === null || target !== last.id || last.deleted_at !== undefined) return last
  if (type === 'edited') return { ...last, text: lastText(text) }
  if (type === 'deleted') return { ...last, text: '', deleted_at: created_at }
  return last
}

/** A message as a list shows it. */
export function lastOf(target: Target): LastMessage {
  const { id, username, text, created_at, deleted_at } = foldMessage(target)
  return { id, username, text: lastText(text), created_at, ...(deleted_at !== undefined && { deleted_at }) }
}

/** Bytes of a message without its text, its mentions and its reactions, of a reaction without its names, and of a name, at the most. */
const BESIDE_TEXT_BYTES = 500
const REACTION_BYTES = 120
const NAME_BYTES = 33

/** Bytes of a message as JSON, at the most. */
export const bytesOf = ({ text, mentions = [], reactions = [] }: Pick<Message, 'text' | 'mentions' | 'reactions'>) =>
  Buffer.byteLength(JSON.stringify(text)) +
  BESIDE_TEXT_BYTES +
  mentions.length * NAME_BYTES +
  reactions.reduce((bytes, { usernames }) => bytes + REACTION_BYTES + usernames.length * NAME_BYTES, 0)
