import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import { MongoClient } from 'mongodb'
import root, { type Test, test } from 'tap'
import { build, register } from '../support/application.js'
import { eventually } from '../support/eventually.js'
import type { Fate } from '../support/redis-proxy.js'
import { type Cluster, enter, fileDatabase, say, clusterMissing as skip, startServers } from '../support/servers.js'
import { listen, type TestSocket } from '../support/socket.js'

const database = await fileDatabase(root)

const said = (socket: TestSocket) => socket.frames.filter(({ type }) => type === 'message')

/** Two users on two servers who send messages until they are stopped. */
async function talking(t: Test, { apps, origins }: Cluster) {
  const sockets: TestSocket[] = []
  for (const [at, origin] of origins.entries()) {
    const { token } = await register(apps[0] as Cluster['apps'][number], `user-${at}`)
    sockets.push(await enter(t, origin, '/rooms/default/ws', token))
  }
  let sent = 0
  let isOver = false
  const talks = sockets.map(async (socket, at) => {
    for (let n = 0; !isOver; n++) {
      sent++
      await Promise.all([say(socket, `${at}-${n}`, `${n}`), wait(40)])
    }
  })
  t.teardown(() => {
    isOver = true
  })
  return {
    /** Resolves when all sockets have received that many more messages. */
    async goesOn(more: number) {
      const enough = Math.min(...sockets.map(socket => said(socket).length)) + more
      await eventually(() => sockets.every(socket => said(socket).length >= enough))
    },
    async stop() {
      isOver = true
      await Promise.all(talks)
      await eventually(() => sockets.every(socket => said(socket).length >= sent))
      for (const socket of sockets) await socket.settled()
      const [first, ...others] = sockets.map(socket => said(socket).map(({ seq, client_id }) => `${seq} ${client_id}`))
      t.same(
        first?.map(line => Number.parseInt(line, 10)),
        Array.from({ length: sent }, (_, n) => n + 2),
        'nothing lost, nothing duplicated, in order',
      )
      for (const other of others) t.same(other, first, 'the same order for all')
    },
  }
}

const state = async (app: Cluster['apps'][number] | undefined) =>
  (await app?.inject('/ready'))?.json<{ path: string; ready: boolean }>()

/** Resolves when the server is ready and reports this path. */
const isOn = (app: Cluster['apps'][number] | undefined, path: 'fast' | 'slow') =>
  eventually(async () => {
    const now = await state(app)
    return now?.ready === true && now.path === path
  })

test('no message is lost while Redis is killed and restarted', { skip }, async t => {
  const cluster = await startServers(t, database, 2)
  const talk = await talking(t, cluster)
  await talk.goesOn(10)
  await cluster.redis.kill()
  await isOn(cluster.apps[0], 'slow')
  await talk.goesOn(10)
  await cluster.redis.start()
  await isOn(cluster.apps[0], 'fast')
  await talk.goesOn(10)
  await talk.stop()
})

test('no message is lost while Redis is paused', { skip }, async t => {
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

test('no message is lost while Redis is connected but delivers nothing', { skip }, async t => {
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

test('no message is lost while Redis loses, repeats and reorders messages', { skip }, async t => {
  const cluster = await startServers(t, database, 2)
  const talk = await talking(t, cluster)
  const fates: Fate[] = ['swallow', 'repeat', 'swap', 'pass']
  for (const proxy of cluster.proxies) proxy.fate = () => fates[Math.floor(Math.random() * 4)] as Fate
  await talk.goesOn(60)
  await talk.stop()
})

test('a server that starts without Redis joins when Redis comes up', { skip }, async t => {
  const cluster = await startServers(t, database, 1)
  await cluster.redis.kill()
  const late = await build(t, cluster.env)
  await isOn(late, 'slow')
  cluster.apps.push(late)
  cluster.origins.push(await listen(late))
  const talk = await talking(t, cluster)
  await talk.goesOn(10)
  await cluster.redis.start()
  await isOn(late, 'fast')
  await talk.goesOn(10)
  await talk.stop()
})

test('a server without its store reports that the store is gone', { skip }, async t => {
  const cluster = await startServers(t, database, 1)
  await cluster.apps[0]?.store.close()
  t.match(await state(cluster.apps[0]), { path: 'store gone', ready: false })
})

test('a server exits if the epoch of its store changes', { skip }, async t => {
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
