let time_ms = 0
let counter = 0

/**
 * A UUIDv7 (RFC 9562). Later ones sort after earlier ones, also within a millisecond and when the clock steps back,
 * because the twelve bits after the time are a counter. Unlike `crypto.randomUUID` it needs no secure context.
 */
export function uuidv7(): string {
  const now = Date.now()
  const random = crypto.getRandomValues(new Uint8Array(10))
  if (now > time_ms) {
    time_ms = now
    counter = ((random[0] as number) << 3) | ((random[1] as number) >> 5)
  } else if (++counter > 0xfff) {
    time_ms++
    counter = 0
  }
  random[2] = 0x80 | ((random[2] as number) & 0x3f)
  const tail = Array.from(random.subarray(2), byte => byte.toString(16).padStart(2, '0')).join('')
  const hex = `${time_ms.toString(16).padStart(12, '0')}7${counter.toString(16).padStart(3, '0')}${tail}`
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}
