import { Ajv } from 'ajv'
import { test } from 'tap'
import { encodeEvent } from '../../../plugins/room-log/index.js'
import { eventFields, ownFields, type StoredEvent } from '../../../schemas/event.js'
import { type EventFacts, type EventType, eventTypes } from '../../../schemas/event-types.js'
import { exampleOf } from '../../../schemas/example.js'
import { eventFrames } from '../../../schemas/frame.js'
import { NOW } from '../../support/events.js'

/** An event with every field that its type names, those for the server included. */
function eventOf(type: EventType, { frame, server_only = [] }: EventFacts): StoredEvent {
  const common = { room_id: 'r', seq: 7, type, username: 'ann', client_id: 'own-7', created_at: NOW }
  const names = [...Object.values(frame ?? {}), ...server_only].filter(name => name !== 'seq')
  const entries = names.map(name => [name, exampleOf({ examples: ['secret'], ...eventFields[name as 'text'] })])
  const own = entries.filter(([name]) => (name as string) in ownFields)
  const data = entries.filter(([name]) => !((name as string) in ownFields))
  return { ...common, ...Object.fromEntries(own), ...(data.length > 0 && { data: Object.fromEntries(data) }) }
}

const decode = (event: StoredEvent) => JSON.parse(encodeEvent(event).toString())

test('every event type is encoded as its frame’s schema says, and shows no server-only field', async t => {
  const ajv = new Ajv({ strict: false })
  for (const [type, facts] of Object.entries<EventFacts>(eventTypes)) {
    const event = eventOf(type as EventType, facts)
    if (facts.frame === null) {
      t.throws(() => encodeEvent(event), /No client may see/, type)
      continue
    }
    const frame = decode(event)
    const validate = ajv.compile(eventFrames[type as keyof typeof eventFrames])
    t.ok(validate(frame), `${type}: ${ajv.errorsText(validate.errors)}`)
    t.match(frame, { type, seq: 7, room_id: 'r', username: 'ann', client_id: 'own-7', created_at: NOW })
    for (const [name, field] of Object.entries(facts.frame)) {
      const value = { ...event, ...event.data }[field as 'text']
      t.strictSame(frame[name.replace('?', '')], value, `${type} shows ${field} as ${name}`)
    }
    t.equal(Object.keys(frame).length, 6 + Object.keys(facts.frame).length, `${type} shows nothing else`)
  }
})

test('an optional property that an event lacks is left out', async t => {
  const event = eventOf('message', eventTypes.message)
  delete event.reply_to
  t.notOk('reply_to' in decode(event))
})

test('an event of a type that only a newer server knows is sent with its seq alone', async t => {
  const event = { ...eventOf('message', eventTypes.message), type: 'of a newer server' as EventType }
  const { room_id, seq, type, username, client_id, created_at } = event
  t.strictSame(decode(event), { type, room_id, seq, username, created_at, client_id })
})
