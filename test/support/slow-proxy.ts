import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import type { Test } from 'tap'

/** A proxy in front of a server that holds every byte back, in each direction. @returns its base URL */
export async function startSlowProxy(t: Test, port: number, delay_ms: number): Promise<string> {
  const sockets = new Set<Socket>()
  const server = createServer(client => {
    const upstream = connect(port, '127.0.0.1')
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(one)
      one.setNoDelay(true)
      one.on('data', bytes => setTimeout(() => other.writable && other.write(bytes), delay_ms))
      one.on('error', () => {})
      one.on('close', () => {
        sockets.delete(one)
        setTimeout(() => other.destroy(), delay_ms)
      })
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
