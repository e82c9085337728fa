import type { Socket } from 'node:net'

/** Bytes of a connection that are parsed at a time: 60 of the smallest requests, 170 of the smallest frames. */
const SLICE_BYTES = 1024
/** Bytes of a connection that were read and wait to be parsed. Only a client that pipelines and does not read gets there. */
const UNPARSED_BYTES_MAX = 256 * 1024

/** When a slice may be parsed. */
interface Turns {
  /** @returns null if at once, as `Budget.turn` */
  first(): Promise<void> | null
  /** Of bytes that arrived together with those of the slice before it. */
  next(): Promise<void>
}

/**
 * Hands a connection's bytes on in slices, each in its turn. Node reads up to 64 KiB at once and parses all requests or
 * frames in it in one go, some 3,000 of the smallest ones, and cannot be stopped in between.
 *
 * While slices wait, nothing more is read from the network. A reader that pauses the connection gets none of them.
 */
export function slice(socket: Socket, turns: Turns) {
  const push = socket.push.bind(socket)
  const read = socket._read.bind(socket)
  let rest: Buffer | null = null
  let ended = false
  let waiting = false

  function waitFor(turn: Promise<void>) {
    waiting = true
    turn.then(next, () => socket.destroy())
  }

  function next() {
    waiting = false
    if (rest === null || socket.destroyed || socket.readableFlowing !== true) return
    const part = rest.subarray(0, SLICE_BYTES)
    rest = rest.length > SLICE_BYTES ? rest.subarray(SLICE_BYTES) : null
    push(part)
    if (rest !== null) goOn()
    else if (ended) push(null)
    else read(0)
  }

  function goOn() {
    if (rest !== null && !waiting) waitFor(turns.next())
  }

  socket.push = (chunk: Buffer | null) => {
    if (rest === null && chunk === null) return push(chunk)
    if (chunk === null) {
      ended = true
      return false
    }
    if (rest !== null) {
      rest = Buffer.concat([rest, chunk])
      if (rest.length > UNPARSED_BYTES_MAX) socket.destroy()
      return false
    }
    const turn = turns.first()
    if (turn === null && chunk.length <= SLICE_BYTES) return push(chunk)
    rest = chunk
    if (turn === null) next()
    else waitFor(turn)
    return false
  }
  socket._read = size => {
    if (rest === null) read(size)
    else goOn()
  }
  socket.on('resume', goOn)
}
