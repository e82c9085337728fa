import { membershipTypes, type StoredEvent } from '../../schemas/event.js'
import { encodeEvent } from './encode.js'

/**
 * What travels on a room's channel. The server that commits serialises each event once; all others frame the same
 * bytes and parse no message body.
 *
 * ```
 * events:   u8 version | u8 kind = 1 | u8 membership | u48 first seq | u16 n | n × (u32 length, JSON of a frame)
 * passing:  u8 version | u8 kind = 2 | JSON of a frame that is not in the log
 * ```
 */
export type Envelope =
  | {
      kind: 'events'
      /** Whether events of `membershipTypes` are among them. */
      membership: boolean
      first: number
      /** JSON of the frames with seq first, first+1, … */
      frames: Buffer[]
    }
  | { kind: 'passing'; frame: Buffer }

const VERSION = 1
const EVENTS = 1
const PASSING = 2
const HEADER_BYTES = 11

/** @param events 1 to 65,535 of one room, without a hole */
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

export function packPassing(frame: object): Buffer {
  return Buffer.concat([Buffer.of(VERSION, PASSING), Buffer.from(JSON.stringify(frame))])
}

/** @returns null for what another version of the server sent, which the store will bring instead */
export function unpack(message: Uint8Array): Envelope | null {
  const bytes = Buffer.from(message.buffer, message.byteOffset, message.byteLength)
  if (bytes[0] !== VERSION) return null
  if (bytes[1] === PASSING) return { kind: 'passing', frame: bytes.subarray(2) }
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
