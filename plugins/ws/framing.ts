/**
 * Frames a text message as a server sends it: one frame, not masked (RFC 6455, section 5.2). So the same bytes can be
 * written to every socket of a room.
 */
export function frameText(payload: Buffer): Buffer {
  const frame = Buffer.allocUnsafe(framedLength(payload.length))
  writeFrame(frame, 0, payload)
  return frame
}

/** The size in bytes of a frame whose payload has `length` bytes. */
export function framedLength(length: number): number {
  return length + (length < 126 ? 2 : length < 65_536 ? 4 : 10)
}

/** @returns the offset after the frame */
export function writeFrame(into: Buffer, offset: number, payload: Buffer): number {
  const { length } = payload
  into[offset] = 0x81
  let at = offset + 2
  if (length < 126) {
    into[offset + 1] = length
  } else if (length < 65_536) {
    into[offset + 1] = 126
    at = into.writeUInt16BE(length, at)
  } else {
    into[offset + 1] = 127
    at = into.writeBigUInt64BE(BigInt(length), at)
  }
  payload.copy(into, at)
  return at + length
}
