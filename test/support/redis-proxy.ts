import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import type { Owner } from './redis.js'

/** What the proxy does to a published message; `swap` delivers it after the next one. */
export type Fate = 'pass' | 'swallow' | 'repeat' | 'swap'

export interface RedisProxy {
  readonly address: string
  /** Called for each published message on its way to a subscriber. Replies to commands always pass. */
  fate: () => Fate
  /** Silently drops everything in both directions, like a cut cable. */
  cut: boolean
  /** Connections that are open now. */
  readonly connections: number
}

/** A proxy between a server and Redis that injects the faults of networks and failovers. It supports RESP 2. */
export async function startRedisProxy(t: Owner, port: number): Promise<RedisProxy> {
  const sockets = new Set<Socket>()
  const proxy = { address: '', fate: () => 'pass' as Fate, cut: false, connections: 0 }
  const server = createServer(client => {
    const redis = connect(port, '127.0.0.1')
    let received = Buffer.alloc(0)
    let held: Buffer | null = null
    proxy.connections++
    client.on('data', bytes => proxy.cut || redis.write(bytes))
    redis.on('data', bytes => {
      if (proxy.cut) return
      received = Buffer.concat([received, bytes])
      for (;;) {
        const end = endOf(received, 0)
        if (end < 0) return
        const reply = received.subarray(0, end)
        received = received.subarray(end)
        const fate = isMessage(reply) ? proxy.fate() : 'pass'
        if (fate === 'swallow') continue
        if (fate === 'swap' && !held) {
          held = reply
          continue
        }
        client.write(reply)
        if (fate === 'repeat') client.write(reply)
        if (held) client.write(held)
        held = null
      }
    })
    for (const [one, other] of [
      [client, redis],
      [redis, client],
    ] as const) {
      sockets.add(one)
      one.on('error', () => {})
      one.on('close', () => {
        sockets.delete(one)
        if (one === client) proxy.connections--
        other.destroy()
      })
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  proxy.address = `127.0.0.1:${(server.address() as { port: number }).port}`
  return proxy
}

const isMessage = (reply: Buffer) => reply.subarray(0, 20).includes('message\r\n')

/** @returns the end of the reply that begins at `at`, or -1 if it is incomplete */
function endOf(bytes: Buffer, at: number): number {
  const line = bytes.indexOf('\r\n', at)
  if (line < 0) return -1
  const kind = String.fromCharCode(bytes[at] as number)
  const count = Number(bytes.subarray(at + 1, line).toString())
  if (kind === '$') {
    const end = count < 0 ? line + 2 : line + 2 + count + 2
    return end <= bytes.length ? end : -1
  }
  let end = line + 2
  if (kind === '*') for (let left = count; left > 0 && end >= 0; left--) end = endOf(bytes, end)
  return end
}
