import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** The network between clients and one server. */
export interface Link {
  readonly base_url: string
  /**
   * `cut`: connections break, and new ones fail. `half open`: what is sent vanishes, and neither side is told. `stalled`:
   * clients read nothing.
   */
  state: 'whole' | 'cut' | 'half open' | 'stalled'
  close(): void
}

export async function startLink(to: string): Promise<Link> {
  const { hostname, port } = new URL(to)
  const pairs = new Set<[client: Socket, server: Socket]>()
  let state: Link['state'] = 'whole'
  /** Connections that lost bytes can only be closed. */
  const broken = new Set<Socket>()

  const listener = createServer(client => {
    if (state === 'cut') return client.destroy()
    const server = connect(Number(port), hostname)
    const pair: [Socket, Socket] = [client, server]
    pairs.add(pair)
    for (const [one, other] of [pair, [server, client]] as const) {
      one.on('error', () => {})
      one.on('data', bytes => {
        if (state === 'half open') broken.add(client)
        else if (!broken.has(client) && !other.write(bytes)) one.pause()
      })
      one.on('drain', () => {
        if (state !== 'stalled') other.resume()
      })
      one.on('end', () => other.end())
      one.on('close', () => {
        other.destroy()
        pairs.delete(pair)
        broken.delete(client)
      })
    }
    if (state === 'stalled') server.pause()
  })

  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  return {
    base_url: `http://127.0.0.1:${(listener.address() as { port: number }).port}`,
    get state() {
      return state
    },
    set state(next) {
      state = next
      for (const [client, server] of pairs) {
        if (next === 'cut' || (next === 'whole' && broken.has(client))) client.destroy()
        else if (next === 'stalled') server.pause()
        else server.resume()
      }
    },
    close() {
      listener.close()
      for (const [client] of pairs) client.destroy()
    },
  }
}
