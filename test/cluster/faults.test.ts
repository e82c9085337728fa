import { once } from 'node:events'
import { MongoClient } from 'mongodb'
import root, { type Test, test } from 'tap'
import { eventually } from '../eventually.js'
import { build, register } from '../helper.js'
import type { Fate } from '../redis-proxy.js'
import { connect, listen, type TestSocket } from '../socket.js'
import { type Cluster, fileDatabase, clusterMissing as skip, startServers } from './servers.js'

root.setTimeout(240_000)
const database = await fileDatabase(root)

const said = (socket: TestSocket) => socket.frames.filter(({ type }) => type === 'message')

/** Two users on two servers, who say something now and then until they are stopped. */
async function talking(t: Test, { apps, origins }: Cluster) {
  const sockets: TestSocket[] = []
  for (const [at, origin] of origins.entries()) {
    const { token } = await register(apps[0] as Cluster['apps'][number], `user-${at}`)
    const socket = await connect(t, origin, '/rooms/default/ws', token)
    await socket.next('welcome')
    sockets.push(socket)
  }
  let sent = 0
  const timer = setInterval(() => {
    for (const [at, socket] of sockets.entries()) {
      socket.send({ type: 'send', room_id: 'default', client_id: `${at}-${sent}`, text: `${sent}` })
    }
    sent++
  }, 40)
  t.teardown(() => clearInterval(timer))
  return {
    /** Resolves when that many more are heard by all, whatever the bus does. */
    async goesOn(more: number) {
      const enough = Math.min(...sockets.map(socket => said(socket).length)) + more
      await eventually(() => sockets.every(socket => said(socket).length >= enough))
    },
    async stop() {
      clearInterval(timer)
      const all = sent * sockets.length
      await eventually(() => sockets.every(socket => said(socket).length >= all))
      for (const socket of sockets) await socket.settled()
      const [first, ...others] = sockets.map(socket => said(socket).map(({ seq, client_id }) => `${seq} ${client_id}`))
      t.same(
        first?.map(line => Number.parseInt(line, 10)),
        Array.from({ length: all }, (_, n) => n + 2),
        'nothing lost, nothing doubled, in order',
      )
      for (const other of others) t.same(other, first, 'one order')
    },
  }
}

const path = async (app: Cluster['apps'][number] | undefined) =>
  (await app?.inject('/ready'))?.json<{ path: string; ready: boolean }>()

test('Redis is killed and started again while people talk', { skip }, async t => {
  const cluster = await startServers(t, database, 2)
  const talk = await talking(t, cluster)
  await talk.goesOn(10)
  await cluster.redis.kill()
  await eventually(async () => (await path(cluster.apps[0]))?.path === 'slow')
  t.match(await path(cluster.apps[0]), { ready: true })
  await talk.goesOn(10)
  await cluster.redis.start()
  await eventually(async () => (await path(cluster.apps[0]))?.path === 'fast')
  await talk.goesOn(10)
  await talk.stop()
})

test('Redis is paused while people talk', { skip }, async t => {
  const cluster = await startServers(t, database, 2)
  const talk = await talking(t, cluster)
  await talk.goesOn(10)
  cluster.redis.pause()
  t.teardown(() => cluster.redis.resume())
  await talk.goesOn(20)
  cluster.redis.resume()
  await talk.goesOn(10)
  await talk.stop()
})

test('servers are connected to Redis and deaf while people talk', { skip }, async t => {
  const cluster = await startServers(t, database, 2)
  const talk = await talking(t, cluster)
  for (const proxy of cluster.proxies) proxy.fate = () => 'swallow'
  await talk.goesOn(20)
  await cluster.redis.admin().call('CLIENT', 'KILL', 'TYPE', 'pubsub')
  await talk.goesOn(10)
  for (const proxy of cluster.proxies) proxy.fate = () => 'pass'
  await talk.goesOn(10)
  await talk.stop()
})

test('messages are lost, repeated and reordered on their way while people talk', { skip }, async t => {
  const cluster = await startServers(t, database, 2)
  const talk = await talking(t, cluster)
  const fates: Fate[] = ['swallow', 'repeat', 'swap', 'pass']
  for (const proxy of cluster.proxies) proxy.fate = () => fates[Math.floor(Math.random() * 4)] as Fate
  await talk.goesOn(60)
  await talk.stop()
})

test('servers start without Redis, and people talk', { skip }, async t => {
  const cluster = await startServers(t, database, 1)
  await cluster.redis.kill()
  const late = await build(t, cluster.env)
  t.match(await path(late), { path: 'slow', ready: true })
  cluster.apps.push(late)
  cluster.origins.push(await listen(late))
  const talk = await talking(t, cluster)
  await talk.goesOn(10)
  await cluster.redis.start()
  await eventually(async () => (await path(late))?.path === 'fast')
  await talk.goesOn(10)
  await talk.stop()
})

test('without its store a server says that the store is gone', { skip }, async t => {
  const cluster = await startServers(t, database, 1)
  await cluster.apps[0]?.store.close()
  t.match(await path(cluster.apps[0]), { path: 'store gone', ready: false })
})

test('a server that meets another epoch in its store ends', { skip }, async t => {
  const cluster = await startServers(t, database, 1)
  const [app] = cluster.apps as [Cluster['apps'][number]]
  const closed = once(app.server, 'close')
  const client = await new MongoClient(cluster.env.MONGODB_URI as string).connect()
  t.teardown(() => client.close())
  const meta = client.db(cluster.env.MONGODB_DATABASE as string).collection<{ _id: string; value: string }>('meta')
  await meta.updateOne({ _id: 'epoch' }, { $set: { value: 'restored' } })
  await closed
  t.equal(process.exitCode, 1)
  process.exitCode = 0
})
