import { once } from 'node:events'
import type { FastifyInstance } from 'fastify'
import type { Test } from 'tap'
import { WebSocket } from 'ws'
import type { EventFrame, ServerFrame } from '../../schemas/frame.js'
import { BEARER_PREFIX, SUBPROTOCOL } from '../../schemas/wire.js'

export type AnyFrame = (ServerFrame | EventFrame) & Record<string, unknown>

/** Lets the application listen on a free port of the loopback address. @returns its origin, as http://127.0.0.1:1234 */
export async function listen(app: FastifyInstance): Promise<string> {
  return app.listen({ host: '127.0.0.1', port: 0 })
}

/** A raw socket of a test: what it received so far, and what it waits for. */
export interface TestSocket {
  ws: WebSocket
  /** All frames so far, in order. */
  frames: AnyFrame[]
  send(...frames: object[]): void
  /**
   * The first frame, received already or to come, that is of a type and has the fields; a frame is found once.
   * Rejects where the socket closes before; the test's own time limit ends what never comes.
   */
  next(type: string | string[], fields?: object): Promise<AnyFrame>
  /** Resolves when the server answered a ping: it had handled everything that was sent before. */
  settled(): Promise<void>
  closed: Promise<{ code: number; reason: string }>
}

/** @param path as /ws or /rooms/default/ws?after=0 */
export async function connect(t: Test, origin: string, path: string, token: string): Promise<TestSocket> {
  const socket = open(t, origin, path, token)
  await once(socket.ws, 'open')
  return socket
}

/** As `connect`, without waiting for the upgrade. */
export function open(t: Test, origin: string, path: string, token: string): TestSocket {
  const ws = new WebSocket(origin.replace('http', 'ws') + path, [SUBPROTOCOL, BEARER_PREFIX + token])
  t.teardown(() => ws.terminate())
  const frames: AnyFrame[] = []
  const found = new Set<AnyFrame>()
  /** Whether a frame came that they wait for; and how those end who wait in vain. */
  const waiting = new Map<() => boolean, (why: string) => void>()
  ws.on('message', data => {
    frames.push(JSON.parse(data.toString()))
    for (const look of waiting.keys()) look()
  })
  const closed = new Promise<{ code: number; reason: string }>(resolve => {
    ws.on('close', (code, reason) => {
      resolve({ code, reason: reason.toString() })
      for (const miss of waiting.values()) miss(`it was closed with ${code}`)
    })
  })

  function next(type: string | string[], fields: object = {}) {
    return new Promise<AnyFrame>((resolve, reject) => {
      const look = () => {
        const frame = frames.find(
          frame =>
            !found.has(frame) &&
            [type].flat().includes(frame.type) &&
            Object.entries(fields).every(([name, value]) => frame[name] === value),
        )
        if (!frame) return false
        found.add(frame)
        waiting.delete(look)
        resolve(frame)
        return true
      }
      const miss = (why: string) =>
        reject(new Error(`No ${type} ${JSON.stringify(fields)} among ${JSON.stringify(frames.slice(-20))}: ${why}`))
      if (look()) return
      if (ws.readyState === ws.CLOSED) miss('it is closed')
      else waiting.set(look, miss)
    })
  }
  const send = (...sent: object[]) => {
    for (const frame of sent) ws.send(JSON.stringify(frame))
  }
  return {
    ws,
    frames,
    send,
    next,
    async settled() {
      send({ type: 'ping' })
      await next('pong')
    },
    closed,
  }
}
