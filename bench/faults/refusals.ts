import type { Args } from './history.js'
import type { Room } from './room.js'

/** What holds at some moment between request and answer if an operation is refused with a code. */
export const refusals: Record<string, (room: Room, seq: number, username: string, args: Args) => boolean> = {
  NOT_MEMBER: (room, seq, username) => !room.isMember(username, seq),
  ROOM_NOT_FOUND: (room, seq) => room.deleted.at(seq),
  INVITATION_INVALID: (room, seq, _, { id = 0 }) => room.deleted.at(seq) || room.usesLeft(id).at(seq) === 0,
  MESSAGE_DELETED: (room, seq, _, { id = 0 }) => room.textOf(id, seq) === null,
  NOT_OWNER: (room, seq, username) => room.owner.at(seq) !== username,
  NOT_MODERATOR: (room, seq, username, { member = '' }) =>
    !room.moderates(username, seq) || (room.owner.at(seq) !== username && room.moderates(member, seq)),
  BANNED: (room, seq, username, { member = username }) => room.banOf(member).at(seq),
  // The block that refuses an addition to another room is in the log of the conversation of the two.
  BLOCKED: (room, seq) => !room.isDirect || room.blocking.at(seq).length > 0,
  MUTED: (room, seq, username) => room.muteOf(username).at(seq),
  OWNER_CANNOT_LEAVE: (room, seq, username) => room.owner.at(seq) === username,
  MEMBER_NOT_FOUND: (room, seq, _, { member = '' }) => !room.isMember(member, seq),
}
