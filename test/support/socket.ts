import { once } from 'node:events'
import type { FastifyInstance } from 'fastify'
import type { Test } from 'tap'
import { WebSocket } from 'ws'
import type { EventFrame, ServerFrame } from '../../schemas/frame.js'
import { BEARER_PREFIX, SUBPROTOCOL } from '../../schemas/wire.js'

export type AnyFrame = (ServerFrame | EventFrame) & Record<string, unknown>

/** Listens on a free port of the loopback address. @returns the origin, for example http://127.0.0.1:1234 */
export async function listen(app: FastifyInstance): Promise<string> {
  return app.listen({ host: '127.0.0.1', port: 0 })
}

/** A test's raw socket, which records the received frames. */
export interface TestSocket {
  ws: WebSocket
  /** All frames so far, in order. */
  frames: AnyFrame[]
  send(...frames: object[]): void
  /**
   * Resolves with the first frame, received already or later, of a type and with the given fields; each frame is
   * returned once. Rejects if the socket closes before; if the frame never arrives, the test times out.
   */
  next(type: string | string[], fields?: object): Promise<AnyFrame>
  /** Resolves when the server has answered a ping, so it has handled everything sent before. */
  settled(): Promise<void>
  closed: Promise<{ code: number; reason: string }>
}

/** @param path for example /ws or /rooms/default/ws?after=0 */
export async function connect(t: Test, origin: string, path: string, token: string): Promise<TestSocket> {
  const socket = open(t, origin, path, token)
  await once(socket.ws, 'open')
  return socket
}

/** Like `connect`, but does not wait for the upgrade. */
export function open(t: Test, origin: string, path: string, token: string): TestSocket {
  const ws = new WebSocket(origin.replace('http', 'ws') + path, [SUBPROTOCOL, BEARER_PREFIX + token])
  t.teardown(() => ws.terminate())
  const frames: AnyFrame[] = []
  const found = new Set<AnyFrame>()
  /** Pending calls of `next`: a function that looks for the frame, and one that rejects the call. */
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
