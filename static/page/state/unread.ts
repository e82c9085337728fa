import type { Message } from '../../../schemas/message.js'
import type { Room } from '../../../schemas/room.js'
import type { RoomEvent } from '../../client/index.js'

export const NOTHING_UNREAD = { unread: 0, unread_mentions: 0 }

/** Whether a text mentions a user, by name or with all members. */
export const mentionsUser = (
  { mentions, mentions_all }: Pick<Message, 'mentions' | 'mentions_all'>,
  username: string,
) => mentions_all === true || mentions?.includes(username) === true

/** What is unread in a room after an event that it does not reflect yet. */
export function countUnread(
  { unread, unread_mentions }: Room,
  frame: RoomEvent,
  me: string,
  blocked: ReadonlySet<string>,
) {
  if (frame.type !== 'message' || frame.username === me) return {}
  const mentioned = mentionsUser(frame, me) && !blocked.has(frame.username)
  return { unread: unread + 1, unread_mentions: unread_mentions + Number(mentioned) }
}

/** Whether what is unread in a room is to be read again after an event: only the server knows what it changes. */
export function isUncounted(room: Room | undefined, frame: RoomEvent): boolean {
  if (['message', 'reacted', 'reactions'].includes(frame.type)) return false
  if (frame.type !== 'edited' && frame.type !== 'deleted') return true
  if (room === undefined || frame.id <= room.last_read_seq) return false
  return frame.type === 'deleted' || room.unread_mentions > 0
}
