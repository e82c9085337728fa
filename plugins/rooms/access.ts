import { errors, until } from '../../schemas/error.js'
import type { RoomRecord } from '../../schemas/room.js'
import { DEFAULT_ROOM_ID } from '../../schemas/wire.js'
import type { RoomLog, RoomView } from '../room-log/index.js'
import type { Store } from '../store/index.js'

/** Null if the room does not exist, or is private and `username` is not a member. */
function visible(view: RoomView, username: string): RoomRecord | null {
  const { room } = view
  return room && !room.deleted && (room.is_public || view.isMember(username)) ? room : null
}

/** @throws RoomNotFound */
export function assertVisible(view: RoomView, room_id: string, username: string): RoomRecord {
  const room = visible(view, username)
  if (!room) throw new errors.RoomNotFound(room_id)
  return room
}

/** @throws RoomNotFound; NotMember if the room is public */
export function assertMember(view: RoomView, room_id: string, username: string): RoomRecord {
  const room = assertVisible(view, room_id, username)
  if (!view.isMember(username)) throw new errors.NotMember(room_id)
  return room
}

/** @throws as `assertMember`; Muted; in a conversation of two Blocked, and UserNotFound if the other account is deleted */
export function assertMayTalk(view: RoomView, room_id: string, username: string): RoomRecord {
  const room = assertMember(view, room_id, username)
  const muted = view.rowOf(username)?.muted
  if (view.holds(muted)) throw until(new errors.Muted(room_id), muted.until)
  const { usernames = [], blocked_by = [] } = room.direct ?? {}
  const other = usernames.find(name => name !== username)
  if (blocked_by.length > 0) throw new errors.Blocked(other)
  if (usernames.length === 2 && room.member_count < 2) throw new errors.UserNotFound(other)
  return room
}

/** @throws RoomNotFound; NotOwner */
export function assertOwner(view: RoomView, room_id: string, username: string): RoomRecord {
  const room = assertVisible(view, room_id, username)
  if (room.owner !== username) throw new errors.NotOwner(room_id)
  return room
}

/** A user's role in a room; null if the user is not a member. */
export function roleOf(view: RoomView, username: string): 'owner' | 'moderator' | 'member' | null {
  if (!view.isMember(username)) return null
  if (view.room?.owner === username) return 'owner'
  return view.rowOf(username)?.role ?? 'member'
}

/** Whether the user is the owner or a moderator. */
export function moderates(view: RoomView, username: string): boolean {
  const role = roleOf(view, username)
  return role === 'owner' || role === 'moderator'
}

/** @throws RoomNotFound; NotModerator */
export function assertModerator(view: RoomView, room_id: string, username: string): RoomRecord {
  const room = assertVisible(view, room_id, username)
  if (!moderates(view, username)) throw new errors.NotModerator(room_id)
  return room
}

/**
 * The owner acts on everyone, moderators on members and on users outside, and nobody on themselves.
 * @throws RoomNotFound; NotModerator, also if `subject` stands as high
 */
export function assertMayModerate(view: RoomView, room_id: string, username: string, subject: string): RoomRecord {
  const room = assertModerator(view, room_id, username)
  if (subject === username || (room.owner !== username && moderates(view, subject))) {
    throw new errors.NotModerator(room_id)
  }
  return room
}

export const isDefault = (room: RoomRecord) => room.id === DEFAULT_ROOM_ID

/** The view of a room that `username` may read. @throws RoomNotFound, NotMember */
export async function memberView(roomLog: RoomLog, room_id: string, username: string): Promise<RoomView> {
  const view = await roomLog.view(room_id, [username])
  assertMember(view, room_id, username)
  return view
}

/** @throws UserNotFound, also if the account was deleted @returns the username as registered: lookups ignore case */
export async function registeredName(store: Store, username: string): Promise<string> {
  const user = await store.readUser(username)
  if (!user || user.deletion !== null) throw new errors.UserNotFound(username)
  return user.username
}
