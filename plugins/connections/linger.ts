import type { Socket } from 'node:net'

/** How long a client may go on sending after the last answer of its connection, ms. */
const LINGER_MS = 2000
/** How many bytes it may send in that time. */
const LINGER_BYTES_MAX = 1024 * 1024

/**
 * Closes a connection after what was written to it, while the client may still be sending. Closed at once, the kernel
 * would reset the connection because of bytes that nobody read, and the client or a proxy would lose the answer. So
 * ours ends, and what still comes is read and dropped until the client ends, too. RFC 9112, section 9.6.
 */
export function linger(socket: Socket) {
  if (socket.destroyed) return
  // Not parsed any more: neither a request behind the last one nor an incomplete one is to be answered.
  socket.removeAllListeners('data').removeAllListeners('end')
  let bytes = 0
  socket.on('data', chunk => {
    bytes += chunk.length
    if (bytes > LINGER_BYTES_MAX) socket.destroy()
  })
  socket.once('end', () => socket.destroy())
  const timer = setTimeout(() => socket.destroy(), LINGER_MS)
  timer.unref()
  socket.once('close', () => clearTimeout(timer))
  socket.end()
  socket.resume()
}
