import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

const LOOK_MS = 200

/**
 * A load balancer: sends new connections to the server with the fewest among those whose /ready succeeds. Open
 * connections stay where they are.
 */
export async function startBalancer(base_urls: string[]) {
  const servers = base_urls.map(base_url => ({ base_url, ready: false, connections: new Set<Socket>() }))

  async function look() {
    await Promise.all(
      servers.map(async server => {
        server.ready = await fetch(`${server.base_url}/ready`).then(
          async answer => {
            await answer.body?.cancel()
            return answer.ok
          },
          () => false,
        )
      }),
    )
  }

  const listener = createServer(client => {
    const ready = servers.filter(server => server.ready)
    const [first] = ready.sort((one, other) => one.connections.size - other.connections.size)
    if (first === undefined) return client.destroy()
    const { hostname, port } = new URL(first.base_url)
    const server = connect(Number(port), hostname)
    first.connections.add(server)
    server.on('close', () => {
      first.connections.delete(server)
      client.destroy()
    })
    client.on('close', () => server.destroy())
    for (const end of [client, server]) end.on('error', () => {})
    client.pipe(server).pipe(client)
  })

  await look()
  const timer = setInterval(() => void look(), LOOK_MS)
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const { port } = listener.address() as { port: number }
  return {
    base_url: `http://127.0.0.1:${port}`,
    async close() {
      clearInterval(timer)
      listener.close()
      for (const { connections } of servers) for (const connection of connections) connection.destroy()
      await once(listener, 'close')
    },
  }
}
