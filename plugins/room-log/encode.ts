import fastJson from 'fast-json-stringify'
import { ownFields, type StoredEvent } from '../../schemas/event.js'
import { type EventFacts, eventTypes } from '../../schemas/event-types.js'
import { eventFrames } from '../../schemas/frame.js'

type Plain = Record<string, unknown>

/** How the events of one type become frames. */
interface Encoding {
  /** Pairs of a frame's property and the event's field that it shows. */
  own: [property: string, field: string][]
  /** The same for fields that are kept in `data`. */
  data: [property: string, field: string][]
  stringify(frame: Plain): string
}

// fast-json-stringify changes the schemas that it is given, so it gets a copy.
const compile = (schema: object): ((frame: Plain) => string) => fastJson(JSON.parse(JSON.stringify(schema)))

function encodingOf({ frame }: EventFacts, schema: object): Encoding {
  const pairs = Object.entries(frame ?? {}).map(([name, field]): [string, string] => [name.replace('?', ''), field])
  const isOwn = ([, field]: [string, string]) => field === 'seq' || field in ownFields
  return { own: pairs.filter(isOwn), data: pairs.filter(pair => !isOwn(pair)), stringify: compile(schema) }
}

const encodings = new Map<string, Encoding>(
  Object.entries(eventFrames).map(([type, schema]) => [
    type,
    encodingOf(eventTypes[type as keyof typeof eventFrames], schema),
  ]),
)

/** For types that a newer server stored. Clients move past their seq, as past that of every type they do not know. */
const { type: _, ...common } = eventFrames.created.properties
const unknown: Encoding = {
  own: [],
  data: [],
  stringify: compile({ type: 'object', properties: { type: { type: 'string' }, ...common } }),
}

function otherEncoding(type: string): Encoding {
  if (type in eventTypes) throw new Error(`No client may see an event of type ${type}`)
  return unknown
}

function plainOf(event: StoredEvent, { own, data }: Pick<Encoding, 'own' | 'data'>): Plain {
  const { type, room_id, seq, username, created_at, client_id } = event
  const frame: Plain = { type, room_id, seq, username, created_at, client_id }
  for (const [property, field] of own) frame[property] = (event as Plain)[field]
  for (const [property, field] of data) frame[property] = (event.data as Plain | undefined)?.[field]
  return frame
}

/** An event's frame without its place. @param event of a type that has a frame and that this server knows */
export function shownPart(event: StoredEvent): Plain {
  const { room_id: _, client_id: __, ...shown } = plainOf(event, encodings.get(event.type) as Encoding)
  return shown
}

/**
 * @returns the JSON of an event's frame, in UTF-8: what the table of event types shows, and nothing else
 * @throws Error if the type has no frame
 */
export function encodeEvent(event: StoredEvent): Buffer {
  const encoding = encodings.get(event.type) ?? otherEncoding(event.type)
  return Buffer.from(encoding.stringify(plainOf(event, encoding)))
}
