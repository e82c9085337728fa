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

/** A user who acts, or on whom others act. */
export interface Person {
  username: string
  /** Whether the user administers the server; the room's log does not know. */
  is_admin: boolean
  /** Of an administrator who acts: reads the right again. Part of each entry that is decided on it. */
  prepare?: () => Promise<void>
}

const isOwner = ({ room }: RoomView, { username, is_admin }: Person) =>
  room !== null && (room.owner === username || (is_admin && isDefault(room)))

/** Administrators count as owners of the default room, which has none. @throws RoomNotFound; NotOwner */
export function assertOwner(view: RoomView, room_id: string, person: Person): RoomRecord {
  const room = assertVisible(view, room_id, person.username)
  if (!isOwner(view, person)) throw new errors.NotOwner(room_id)
  return room
}

/** A user's role in a room; null if the user is not a member. */
export function roleOf(view: RoomView, username: string): 'owner' | 'moderator' | 'member' | null {
  if (!view.isMember(username)) return null
  if (view.room?.owner === username) return 'owner'
  return view.rowOf(username)?.role ?? 'member'
}

/** Whether the user is the owner or a moderator by the room's log. */
function hasRole(view: RoomView, username: string): boolean {
  const role = roleOf(view, username)
  return role === 'owner' || role === 'moderator'
}

/** Whether the user may do what moderators may. Administrators count as moderators of every public room, member or not. */
export const moderates = (view: RoomView, { username, is_admin }: Person): boolean =>
  hasRole(view, username) || (is_admin && view.room?.is_public === true)

/** Part of an event's data: says so if its author could do it as an administrator only. */
export const asAdmin = (view: RoomView, { username }: Person): { as_admin?: true } =>
  hasRole(view, username) ? {} : { as_admin: true }

/** @throws RoomNotFound; NotModerator */
export function assertModerator(view: RoomView, room_id: string, person: Person): RoomRecord {
  const room = assertVisible(view, room_id, person.username)
  if (!moderates(view, person)) throw new errors.NotModerator(room_id)
  return room
}

/**
 * The owner acts on everyone, moderators on members and on users outside, and nobody on themselves.
 * @throws RoomNotFound; NotModerator, also if `subject` stands as high
 */
export function assertMayModerate(view: RoomView, room_id: string, person: Person, subject: Person): RoomRecord {
  const room = assertModerator(view, room_id, person)
  const isBelow = !isOwner(view, subject) && (isOwner(view, person) || !moderates(view, subject))
  if (subject.username === person.username || !isBelow) throw new errors.NotModerator(room_id)
  return room
}

/** Whether users may read the newest messages before they join; not if a password protects them. */
export const hasPreview = ({ is_public, preview, password_hash }: RoomRecord) =>
  is_public && preview !== false && password_hash === null

export const isDefault = (room: RoomRecord) => room.id === DEFAULT_ROOM_ID

/** The view of a room that `username` may read. @throws RoomNotFound, NotMember */
export async function memberView(roomLog: RoomLog, room_id: string, username: string): Promise<RoomView> {
  const view = await roomLog.view(room_id, [username])
  assertMember(view, room_id, username)
  return view
}

/** The user who acts. */
export async function personOf(store: Store, username: string): Promise<Person> {
  const person: Person = { username, is_admin: false }
  const prepare = async () => {
    const user = await store.readUser(username)
    person.is_admin = user?.is_admin === true && !user.blocked
  }
  await prepare()
  return person.is_admin ? Object.assign(person, { prepare }) : person
}

/** @throws UserNotFound @returns the user, with the name as registered: lookups ignore case */
export async function registered(store: Store, username: string): Promise<Person> {
  const user = await store.readUser(username)
  if (!user || user.deletion !== null) throw new errors.UserNotFound(username)
  return { username: user.username, is_admin: user.is_admin }
}
