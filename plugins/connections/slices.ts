import type { Socket } from 'node:net'

/** Bytes of a connection that are parsed in one turn of the event loop: some hundred small requests at the most. */
const SLICE_BYTES = 4096

/**
 * Lets the HTTP parser see a connection's bytes in slices, one a turn. Node reads up to 64 KiB at once and parses all
 * requests in it in one go, some 2,000 of the smallest ones, and cannot be stopped in between.
 *
 * @returns a function that hands over what is left and stops slicing, for a connection that is no longer HTTP
 */
export function slice(socket: Socket): () => void {
  const push = socket.push.bind(socket)
  const read = socket._read.bind(socket)
  let rest: Buffer | null = null
  let ended = false
  let timer: NodeJS.Immediate | null = null

  function next() {
    timer = null
    if (rest === null || socket.destroyed) return
    const part = rest.subarray(0, SLICE_BYTES)
    rest = rest.length > SLICE_BYTES ? rest.subarray(SLICE_BYTES) : null
    push(part)
    // A reader that paused the connection asks for more by `_read`.
    if (rest !== null) timer ??= setImmediate(next)
    else if (ended) push(null)
    else read(0)
  }

  socket.push = (chunk: Buffer | null) => {
    if (rest === null && (chunk === null || chunk.length <= SLICE_BYTES)) return push(chunk)
    if (chunk === null) ended = true
    else rest = rest === null ? chunk : Buffer.concat([rest, chunk])
    timer ??= setImmediate(next)
    return false
  }
  // While a rest is held, nothing more is read from the network.
  socket._read = size => {
    if (rest === null) read(size)
  }
  // Without a listener of ours the parser would read from the handle itself, past `push`.
  const listener = () => {}
  socket.on('data', listener)

  return () => {
    socket.off('data', listener)
    socket.push = push
    socket._read = read
    if (timer) clearImmediate(timer)
    if (rest !== null) push(rest)
    if (ended) push(null)
    rest = null
  }
}
