import type { EventFrame } from '../../../schemas/frame.js'
import type { LastMessage } from '../../../schemas/room.js'
import { lastText } from '../../../schemas/wire.js'

/** What was said last in a room, as it reads after one more event; the same object where that changes nothing. */
export function foldLast(last: LastMessage | undefined, event: EventFrame): LastMessage | undefined {
  if (event.type === 'message') {
    const { id, username, text } = event
    return { id, username, text: lastText(text) }
  }
  if (!last || !('id' in event) || event.id !== last.id) return last
  if (event.type === 'deleted') return { ...last, text: '', deleted_at: event.created_at }
  // What is deleted stays so, whatever a late edit says.
  if (event.type === 'edited' && last.deleted_at === undefined) return { ...last, text: lastText(event.text) }
  return last
}
