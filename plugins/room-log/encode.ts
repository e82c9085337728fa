import fastJson from 'fast-json-stringify'
import type { StoredEvent } from '../../schemas/event.js'
import { type EventFrame, eventFrames } from '../../schemas/frame.js'

/** The frame that tells clients of an event. What must not leave the server (`data`) is not in it. */
function toFrame(event: StoredEvent): EventFrame {
  const { room_id, seq, username, created_at, client_id } = event
  const common = { room_id, seq, username, created_at, client_id }
  switch (event.type) {
    case 'message': {
      const message = { type: 'message' as const, id: seq, ...common, text: event.text as string }
      return event.reply_to === undefined ? message : { ...message, reply_to: event.reply_to }
    }
    case 'edited':
      return { type: 'edited', ...common, id: event.target as number, text: event.text as string }
    case 'deleted':
      return { type: 'deleted', ...common, id: event.target as number }
    case 'joined':
    case 'left':
    case 'removed':
      return { type: event.type, ...common, member: event.member as string }
    case 'room_changed':
      return { type: 'room_changed', ...common, owner: event.member as string }
    case 'created':
    case 'room_deleted':
      return { type: event.type, ...common }
    case 'session_ended':
      throw new Error('The _system log is for servers only')
  }
}

const serialisers = Object.fromEntries(
  // fast-json-stringify keeps its schemas; a copy keeps ours as they are.
  Object.entries(eventFrames).map(([type, schema]) => [type, fastJson(JSON.parse(JSON.stringify(schema)))]),
) as unknown as Record<EventFrame['type'], (frame: EventFrame) => string>

/** @returns the JSON of an event's frame, in UTF-8 */
export function encodeEvent(event: StoredEvent): Buffer {
  const frame = toFrame(event)
  return Buffer.from(serialisers[frame.type](frame))
}
