import { once } from 'node:events'
import type { FastifyInstance } from 'fastify'
import type { Test } from 'tap'
import { WebSocket } from 'ws'
import type { EventFrame, ServerFrame } from '../schemas/frame.js'
import { BEARER_PREFIX, SUBPROTOCOL } from '../schemas/wire.js'

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
  /** The first frame, received already or to come, that is of the type and has the fields; a frame is found once. */
  next(type: string, fields?: object): Promise<AnyFrame>
  /** Resolves when the server answered a ping: it had handled everything that was sent before. */
  settled(): Promise<void>
  closed: Promise<{ code: number; reason: string }>
}

/** Frames that one test waits for at most this long; a test that hangs says what it missed. */
const PATIENCE_MS = 10_000

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
  const waiting = new Set<() => void>()
  ws.on('message', data => {
    frames.push(JSON.parse(data.toString()))
    for (const look of waiting) look()
  })
  const closed = new Promise<{ code: number; reason: string }>(resolve => {
    ws.on('close', (code, reason) => resolve({ code, reason: reason.toString() }))
  })

  function next(type: string, fields: object = {}) {
    return new Promise<AnyFrame>((resolve, reject) => {
      const look = () => {
        const frame = frames.find(
          frame =>
            !found.has(frame) &&
            frame.type === type &&
            Object.entries(fields).every(([name, value]) => frame[name] === value),
        )
        if (!frame) return
        found.add(frame)
        waiting.delete(look)
        clearTimeout(timer)
        resolve(frame)
      }
      const timer = setTimeout(() => {
        waiting.delete(look)
        reject(new Error(`No ${type} ${JSON.stringify(fields)} among ${JSON.stringify(frames.slice(-20))}`))
      }, PATIENCE_MS)
      waiting.add(look)
      look()
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
