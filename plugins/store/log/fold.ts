import type { StoredEvent } from '../../../schemas/event.js'
import type { Message } from '../../../schemas/message.js'
import type { LastMessage, MemberRow, RoomRecord } from '../../../schemas/room.js'
import { lastText } from '../../../schemas/wire.js'
import type { Target } from '../store.js'

/** The member row that results from an event, or null if the event changes no membership. */
export function foldMember(event: StoredEvent): MemberRow | null {
  const row = { room_id: event.room_id, seq: event.seq }
  switch (event.type) {
    case 'created':
      return event.username === '' ? null : { ...row, username: event.username, is_member: true }
    case 'joined':
      return { ...row, username: event.member as string, is_member: true }
    case 'left':
    case 'removed':
      return { ...row, username: event.member as string, is_member: false }
    default:
      return null
  }
}

/**
 * A room's record after an event that follows it. The log holds valid changes only (a member does not join again), so
 * counting is enough.
 */
export function foldRoom(room: RoomRecord, event: StoredEvent): RoomRecord {
  if (event.seq <= room.indexed_seq) return room
  const next = { ...room, indexed_seq: event.seq }
  switch (event.type) {
    case 'created':
      Object.assign(next, event.data, { owner: event.username, member_count: event.username === '' ? 0 : 1 })
      next.deleted = false
      break
    case 'joined':
      next.member_count++
      break
    case 'left':
    case 'removed':
      next.member_count--
      break
    case 'room_changed':
      next.owner = event.member as string
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
  if (newest?.type === 'edited') {
    folded.text = newest.text ?? ''
    folded.edited_at = newest.created_at
  }
  if (newest?.type === 'deleted') {
    folded.text = ''
    folded.deleted_at = newest.created_at
  }
  return folded
}

/** A room's newest message, for a list, after an event that follows it. */
export function foldLast(last: LastMessage | null, event: StoredEvent): LastMessage | null {
  const { type, seq, username, target, text = '', created_at } = event
  if (type === 'message') return { id: seq, username, text: lastText(text), created_at }
  if (type === 'room_deleted') return null
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

/** Bytes of a message without its text, at the most. */
const BESIDE_TEXT_BYTES = 500

/** Bytes of a message as JSON, at the most. */
export const bytesOf = ({ text }: Message) => Buffer.byteLength(JSON.stringify(text)) + BESIDE_TEXT_BYTES
