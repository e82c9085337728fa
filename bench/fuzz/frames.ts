import { exampleOf } from '../../schemas/example.js'
import { clientFrames } from '../../schemas/frame.js'
import { DEFAULT_ROOM_ID, limits } from '../../schemas/wire.js'
import type { Random } from '../faults/random.js'

/** Bytes for the server, which may be anything. */
export interface Fuzzed {
  bytes: Buffer
  /** What was done to a valid frame. */
  how: string
  /** A WebSocket frame may be unfinished, so what is sent next may become part of it and get no answer. */
  is_open: boolean
}

const TEXT = 1
const BINARY = 2
const CONTINUED = 0
const PING = 9
const CLOSE = 8

interface Header {
  opcode?: number
  fin?: boolean
  /** The three reserved bits. */
  reserved?: number
  masked?: boolean
  /** The length that the header states. */
  length?: number
}

/** A WebSocket frame as a client sends it. */
export function encode(payload: Buffer, header: Header = {}, random?: Random): Buffer {
  const { opcode = TEXT, fin = true, reserved = 0, masked = true, length = payload.length } = header
  const first = (fin ? 0x80 : 0) | (reserved << 4) | opcode
  const bit = masked ? 0x80 : 0
  const extended = Buffer.alloc(length < 126 ? 0 : length < 65_536 ? 2 : 8)
  if (extended.length === 2) extended.writeUInt16BE(length)
  if (extended.length === 8) extended.writeBigUInt64BE(BigInt(length))
  const short = extended.length === 0 ? length : extended.length === 2 ? 126 : 127
  if (!masked) return Buffer.concat([Buffer.from([first, bit | short]), extended, payload])
  const mask = Buffer.from([0, 0, 0, 0].map(() => random?.int(256) ?? 0))
  const hidden = payload.map((byte, at) => byte ^ (mask[at % 4] as number))
  return Buffer.concat([Buffer.from([first, bit | short]), extended, mask, hidden])
}

/** A valid frame of some type. */
function valid(random: Random): Record<string, unknown> {
  const schema = random.pick(Object.values(clientFrames)) as (typeof clientFrames)[keyof typeof clientFrames]
  const frame: Record<string, unknown> = {}
  for (const [name, property] of Object.entries(schema.properties)) frame[name] = exampleOf(property)
  frame.type = schema.title
  if ('room_id' in frame) frame.room_id = DEFAULT_ROOM_ID
  if ('client_id' in frame) frame.client_id = `fuzz-${random.int(2 ** 31)}`
  if ('id' in frame) frame.id = 1 + random.int(200)
  if (random.int(2) === 0) delete frame.reply_to
  return frame
}

/** JSON texts of values that a program may not expect. */
const odd = [
  ...['null', 'true', '[]', '{}', '""', '" "', '0', '-0', '-1', '1.5', '1e308', '-1e308', '1e999'],
  ...['9007199254740991', '9007199254740993', `1${'0'.repeat(400)}`, '"\\ud800"', '"\\udc00\\ud800"', '"\\u0000"'],
  ...[
    '"__proto__"',
    '"constructor"',
    '"toString"',
    '"default\\u0000"',
    '"../default"',
    '"%00"',
    '{"$gt":""}',
    '["default"]',
  ],
  ...['{"__proto__":{"type":"ping"}}', '{"toString":1,"valueOf":1}', `"${'a'.repeat(65)}"`, `"${'가'.repeat(2001)}"`],
  ...['"\\u202e\\u2066"', '"e\u0301\u0301\u0301\u0301"', '"👩‍👩‍👧‍👦"', '"<script>alert(1)</script>"', '"\\n\\r\\t"'],
]
const names = [
  'type',
  'room_id',
  'client_id',
  'seq',
  'after',
  'role',
  'username',
  '__proto__',
  'constructor',
  'hasOwnProperty',
  '',
]

const write = (entries: [string, string][]) =>
  `{${entries.map(([name, value]) => `${JSON.stringify(name)}:${value}`).join()}}`
const entriesOf = (random: Random) =>
  Object.entries(valid(random)).map(([name, value]) => [name, JSON.stringify(value)] as [string, string])
const nested = (depth: number, open: string, close: string) => `${open.repeat(depth)}0${close.repeat(depth)}`

/** Texts made from a valid frame. */
const texts: Record<string, { weight: number; make(random: Random): string }> = {
  valid: { weight: 3, make: random => JSON.stringify(valid(random)) },
  'another value': {
    weight: 8,
    make(random) {
      const entries = entriesOf(random)
      const entry = random.pick(entries) as [string, string]
      entry[1] = random.pick(odd) as string
      return write(entries)
    },
  },
  'another property': {
    weight: 4,
    make: random => write([...entriesOf(random), [random.pick(names) as string, random.pick(odd) as string]]),
  },
  'a property less': {
    weight: 3,
    make(random) {
      const entries = entriesOf(random)
      entries.splice(random.int(entries.length), 1)
      return write(entries)
    },
  },
  'a property twice': {
    weight: 2,
    make(random) {
      const entries = entriesOf(random)
      const [name, value] = random.pick(entries) as [string, string]
      return write([...entries, [name, random.int(2) === 0 ? value : (random.pick(odd) as string)]])
    },
  },
  'cut off': {
    weight: 1,
    make(random) {
      const text = JSON.stringify(valid(random))
      return text.slice(0, random.int(text.length))
    },
  },
  deep: {
    weight: 1,
    make(random) {
      const depth = random.pick([30, 31, 32, 33, 100, 10_000]) as number
      const value = random.int(2) === 0 ? nested(depth, '[', ']') : nested(depth, '{"a":', '}')
      return write([...entriesOf(random), ['x', value]])
    },
  },
  tiny: { weight: 1, make: random => random.pick(['', ' ', '0', '{', '[]', '{}', 'null', '"', '\u0000']) as string },
  oversize: {
    weight: 0.3,
    make: random =>
      write([
        ['type', '"send"'],
        ['text', `"${'x'.repeat(limits.FRAME_BYTES_MAX - 40 + random.int(80))}"`],
      ]),
  },
}

/** The payload with some bytes changed: mostly no valid JSON, often no valid UTF-8. */
function scrambled(payload: Buffer, random: Random): Buffer {
  const bytes = Buffer.from(payload)
  for (let n = 1 + random.int(4); n > 0 && bytes.length > 0; n--) bytes[random.int(bytes.length)] = random.int(256)
  return bytes
}

function pieces(payload: Buffer, count: number, random: Random): Buffer {
  const cuts = Array.from({ length: count - 1 }, () => random.int(payload.length + 1)).sort((a, b) => a - b)
  const ends = [...cuts, payload.length]
  return Buffer.concat(
    ends.map((end, at) => {
      const opcode = at === 0 ? TEXT : CONTINUED
      return encode(payload.subarray(ends[at - 1] ?? 0, end), { opcode, fin: at === ends.length - 1 }, random)
    }),
  )
}

/** How a payload is sent. */
const framings: Record<string, { weight: number; is_open?: true; send(payload: Buffer, random: Random): Buffer }> = {
  whole: { weight: 30, send: (payload, random) => encode(payload, {}, random) },
  scrambled: { weight: 3, send: (payload, random) => encode(scrambled(payload, random), {}, random) },
  fragmented: { weight: 5, send: (payload, random) => pieces(payload, 2 + random.int(70), random) },
  'with pings between': {
    weight: 1,
    send: (payload, random) =>
      Buffer.concat([encode(payload.subarray(0, 100), { opcode: PING }), encode(payload, {}, random)]),
  },
  binary: { weight: 1, send: (payload, random) => encode(payload, { opcode: BINARY }, random) },
  'with another header': {
    weight: 1,
    is_open: true,
    send: (payload, random) =>
      encode(
        payload,
        {
          ...{ opcode: random.int(16), fin: random.int(2) === 0, reserved: random.int(8), masked: random.int(4) > 0 },
          ...(random.int(3) === 0 && {
            length: random.pick([0, 125, 126, 65_535, 65_536, 2 ** 31, 2 ** 53 - 1]) as number,
          }),
        },
        random,
      ),
  },
  'closed with any code': {
    weight: 0.3,
    is_open: true,
    send: (payload, random) =>
      encode(
        Buffer.concat([Buffer.from([random.int(256), random.int(256)]), payload.subarray(0, 120)]),
        { opcode: CLOSE },
        random,
      ),
  },
  truncated: {
    weight: 0.5,
    is_open: true,
    send(payload, random) {
      const bytes = encode(payload, {}, random)
      return bytes.subarray(0, random.int(bytes.length))
    },
  },
}

const rows = <Row extends { weight: number }>(table: Record<string, Row>) =>
  Object.entries(table).map(([name, row]) => ({ name, ...row }))
const all_texts = rows(texts)
const all_framings = rows(framings)

/** The next frame of a random source. */
export function fuzz(random: Random): Fuzzed {
  const text = random.weighted(all_texts)
  const framing = random.weighted(all_framings)
  const bytes = framing.send(Buffer.from(text.make(random)), random)
  return { bytes, how: `${text.name}, ${framing.name}`, is_open: framing.is_open === true }
}
