import type { Socket } from 'node:net'

/** How often connections are looked at, ms. */
const SWEEP_MS = 1000
/** A byte that the client has not taken by then costs it the connection, ms. A client of 10 KB/s gets any answer. */
const AGE_MAX_MS = 30_000
/** Bytes that wait to be sent to all clients together; beyond, the connections with the most are destroyed. */
const TOTAL_MAX_BYTES = 256 * 1024 * 1024

interface Mark {
  /** Everything that was written up to here must be sent… */
  bytes: number
  /** …within AGE_MAX_MS from here, by the monotonic clock. */
  at: number
}

/**
 * Destroys connections whose clients do not read. A slow reader is as bad as one that never reads, so what counts is the
 * age of the oldest unsent byte, not whether there is any progress.
 *
 * @param sockets all connections, HTTP and WebSocket
 * @returns what ends the watch, and the figures for metrics
 */
export function watchUnsent(sockets: Iterable<Socket>, total_max_bytes = TOTAL_MAX_BYTES) {
  const marks = new WeakMap<Socket, Mark>()
  const figures = { bytes: 0, destroyed: 0 }

  function destroy(socket: Socket) {
    figures.destroyed++
    socket.destroy()
  }

  function isStale(socket: Socket, now: number): boolean {
    const mark = marks.get(socket)
    if (!mark || socket.bytesWritten - socket.writableLength >= mark.bytes) {
      marks.set(socket, { bytes: socket.bytesWritten, at: now })
      return false
    }
    return now - mark.at > AGE_MAX_MS
  }

  function sweep(now = performance.now()) {
    const unsent: Socket[] = []
    let total = 0
    for (const socket of sockets) {
      const { writableLength } = socket
      if (writableLength === 0) {
        marks.delete(socket)
      } else if (isStale(socket, now)) {
        destroy(socket)
      } else {
        total += writableLength
        unsent.push(socket)
      }
    }
    figures.bytes = total
    if (total <= total_max_bytes) return
    unsent.sort((a, b) => b.writableLength - a.writableLength)
    for (const socket of unsent) {
      if (total <= total_max_bytes) break
      total -= socket.writableLength
      destroy(socket)
    }
  }

  const timer = setInterval(sweep, SWEEP_MS)
  timer.unref()
  return { figures, sweep, close: () => clearInterval(timer) }
}
