import { once } from 'node:events'
import { connect, createServer } from 'node:net'

/** Below the range of ephemeral ports that the system assigns automatically. */
const FIRST = 10_000
const COUNT = 10_000
/** Offset of a port's guard: the process that listens on the guard owns the port, even while its server restarts. */
const GUARD = 10_000

/** A free port of the loopback address, reserved for this process while it runs. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < COUNT; tries++) {
    const port = FIRST + Math.floor(Math.random() * COUNT)
    const guard = await hold(port + GUARD)
    if (guard === null) continue
    const probe = await hold(port)
    if (probe !== null) {
      probe.close()
      await once(probe, 'close')
      return port
    }
    guard.close()
  }
  throw new Error('No port is free')
}

/** @returns null if the port is in use */
async function hold(port: number) {
  const server = createServer().listen(port, '127.0.0.1').unref()
  try {
    await once(server, 'listening')
    return server
  } catch {
    return null
  }
}

/** Whether a process listens on the port. */
export async function listens(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  const isOpen = await new Promise<boolean>(resolve => {
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
  })
  socket.destroy()
  return isOpen
}
