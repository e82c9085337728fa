/** The client's half of WebSocket framing, as cheap as it gets: the generator must never be what is measured. */
const CONTINUATION = 0
const TEXT = 1
const BINARY = 2
const CLOSE = 8
const PING = 9
const PONG = 10

/**
 * A masked text frame. The key is four zeros, which RFC 6455 allows: the server unmasks as usual, the client does not need to mask.
 *
 * @param payload ASCII, under 64 KiB
 */
export function clientFrame(payload: string, opcode = TEXT): Buffer {
  const { length } = payload
  const header = length < 126 ? 2 : 4
  const frame = Buffer.alloc(header + 4 + length)
  frame[0] = 0x80 | opcode
  if (length < 126) frame[1] = 0x80 | length
  else {
    frame[1] = 0x80 | 126
    frame.writeUInt16BE(length, 2)
  }
  frame.write(payload, header + 4, 'latin1')
  return frame
}

/** An unmasked frame with a length of two bytes, as a server writes it and as the bare TCP peer takes it. */
export function serverFrame(payload: string, opcode = TEXT): Buffer {
  const frame = Buffer.alloc(4 + payload.length)
  frame[0] = 0x80 | opcode
  frame[1] = 126
  frame.writeUInt16BE(payload.length, 2)
  frame.write(payload, 4, 'latin1')
  return frame
}

interface Ears {
  /** The bytes from start to end are one text; they are overwritten afterwards. */
  text(bytes: Buffer, start: number, end: number): void
  /** Something to be sent back at once. */
  reply(frame: Buffer): void
}

/** Cuts one socket's stream into texts. */
export class FrameReader {
  private rest: Buffer | null = null

  constructor(private readonly ears: Ears) {}

  /** @throws on a close frame, a fragment or binary data: no peer sends them here */
  read(chunk: Buffer) {
    const bytes = this.rest === null ? chunk : Buffer.concat([this.rest, chunk])
    const { length } = bytes
    let at = 0
    while (at + 2 <= length) {
      let size = (bytes[at + 1] as number) & 0x7f
      let start = at + 2
      if (size === 126) {
        if (at + 4 > length) break
        size = ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number)
        start = at + 4
      } else if (size === 127) {
        if (at + 10 > length) break
        size = bytes.readUInt32BE(at + 6)
        start = at + 10
      }
      const end = start + size
      if (end > length) break
      if (bytes[at] === (0x80 | TEXT)) this.ears.text(bytes, start, end)
      else this.control(bytes, at, start, end)
      at = end
    }
    this.rest = at === length ? null : Buffer.from(bytes.subarray(at))
  }

  private control(bytes: Buffer, at: number, start: number, end: number) {
    const first = bytes[at] as number
    const opcode = first & 0x0f
    if (opcode === PING) this.ears.reply(clientFrame(bytes.toString('latin1', start, end), PONG))
    else if (opcode === CLOSE) {
      throw new Error(`closed with ${end - start >= 2 ? bytes.readUInt16BE(start) : 'no code'}`)
    } else if (opcode === CONTINUATION || opcode === BINARY || opcode === TEXT) {
      throw new Error(`unexpected frame 0x${first.toString(16)}`)
    }
  }
}
