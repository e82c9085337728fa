import { once } from 'node:events'
import { connect, createServer } from 'node:net'

/** Below what a system hands out by itself, to whoever connects or listens on any port. */
const FIRST = 10_000
const COUNT = 10_000
/** Each port's guard is so far above it: who listens there has it, through all restarts of what runs on it. */
const GUARD = 10_000

/** A port of the loopback address that is free, and that no other test gets while this process lives. */
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

/** @returns null where somebody listens there already */
async function hold(port: number) {
  const server = createServer().listen(port, '127.0.0.1').unref()
  try {
    await once(server, 'listening')
    return server
  } catch {
    return null
  }
}

/** Whether somebody listens there. */
export async function listens(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  const isOpen = await new Promise<boolean>(resolve => {
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
  })
  socket.destroy()
  return isOpen
}
