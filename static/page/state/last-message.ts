import type { LastMessage } from '../../../schemas/room.js'
import { lastText } from '../../../schemas/wire.js'
import type { RoomEvent } from '../../client/index.js'

/** A room's last message after one more event; the same object if the event does not change it. */
export function foldLastMessage(last: LastMessage | undefined, event: RoomEvent): LastMessage | undefined {
  if (event.type === 'message') {
    const { id, username, text, created_at } = event
    return { id, username, text: lastText(text), created_at }
  }
  if (event.type === 'emptied' && last && last.id <= event.upto) return undefined
  if (!last || !('id' in event) || event.id !== last.id) return last
  if (event.type === 'deleted') return { ...last, text: '', deleted_at: event.created_at }
  // A late edit does not bring a deleted message back.
  if (event.type === 'edited' && last.deleted_at === undefined) return { ...last, text: lastText(event.text) }
  return last
}
