import { membershipTypes, type StoredEvent } from '../../schemas/event.js'
import { encodeEvent } from './encode.js'

/**
 * A message on a room's channel. The server that commits serialises each event once; the others write the same bytes to
 * their sockets, and parse only events that may end a membership.
 *
 * ```
 * events:    u8 version | u8 kind = 1 | u8 membership | u48 first seq | u16 n | n × (u32 length, JSON of a frame)
 * ephemeral: u8 version | u8 kind = 2 | JSON of a frame that is not in the log
 * ```
 */
export type Envelope =
  | {
      kind: 'events'
      /** Whether any of them has a type in `membershipTypes`. */
      membership: boolean
      first: number
      /** JSON of the frames with seq first, first+1, … */
      frames: Buffer[]
    }
  | { kind: 'ephemeral'; frame: Buffer }

const VERSION = 1
const EVENTS = 1
const EPHEMERAL = 2
const HEADER_BYTES = 11

/** @param events 1 to 65,535 consecutive events of one room */
export function packEvents(events: StoredEvent[]): Buffer {
  const frames = events.map(encodeEvent)
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + frames.reduce((sum, frame) => sum + 4 + frame.length, 0))
  bytes[0] = VERSION
  bytes[1] = EVENTS
  bytes[2] = events.some(event => membershipTypes.has(event.type)) ? 1 : 0
  bytes.writeUIntBE((events[0] as StoredEvent).seq, 3, 6)
  bytes.writeUInt16BE(events.length, 9)
  let offset = HEADER_BYTES
  for (const frame of frames) {
    bytes.writeUInt32BE(frame.length, offset)
    frame.copy(bytes, offset + 4)
    offset += 4 + frame.length
  }
  return bytes
}

export function packEphemeral(frame: object): Buffer {
  return Buffer.concat([Buffer.of(VERSION, EPHEMERAL), Buffer.from(JSON.stringify(frame))])
}

/** The seq of the last event in an envelope; 0 if it holds none, or another version of the server sent it. */
export function headOf(message: Uint8Array): number {
  if (message[0] !== VERSION || message[1] !== EVENTS || message.length < HEADER_BYTES) return 0
  const bytes = Buffer.from(message.buffer, message.byteOffset, HEADER_BYTES)
  return bytes.readUIntBE(3, 6) + bytes.readUInt16BE(9) - 1
}

/** @returns null if another version of the server sent it; the events are then read from the store */
export function unpack(message: Uint8Array): Envelope | null {
  const bytes = Buffer.from(message.buffer, message.byteOffset, message.byteLength)
  if (bytes[0] !== VERSION) return null
  if (bytes[1] === EPHEMERAL) return { kind: 'ephemeral', frame: bytes.subarray(2) }
  if (bytes[1] !== EVENTS || bytes.length < HEADER_BYTES) return null
  const frames: Buffer[] = []
  let offset = HEADER_BYTES
  for (let left = bytes.readUInt16BE(9); left > 0; left--) {
    if (offset + 4 > bytes.length) return null
    const end = offset + 4 + bytes.readUInt32BE(offset)
    if (end > bytes.length) return null
    frames.push(bytes.subarray(offset + 4, end))
    offset = end
  }
  return { kind: 'events', membership: bytes[2] === 1, first: bytes.readUIntBE(3, 6), frames }
}
