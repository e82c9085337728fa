import Fastify from 'fastify'
import { test } from 'tap'
import config from '../../../plugins/config/index.js'
import { readRedisAddress } from '../../../plugins/config/redis-address.js'
import type { Clients } from '../../../plugins/redis/clients.js'
import redis from '../../../plugins/redis/index.js'
import type { Config } from '../../../schemas/config.js'
import { listening, openBus, openRedis, reaches } from '../../support/bus.js'
import { eventually } from '../../support/eventually.js'
import { redisMissing as skip, startRedis } from '../../support/redis.js'
import { startCluster } from '../../support/redis-cluster.js'
import { deployments, startSecureRedis } from '../../support/redis-deployments.js'
import { startSentinel } from '../../support/redis-sentinel.js'

for (const { name, skip, start } of deployments) {
  test(`${name}: a server starts while it is down, finds it, and closes while it is down`, { skip }, async t => {
    const servers = await start(t)
    await servers.kill()
    const logged: string[] = []
    const stream = { write: (line: string) => logged.push(line) }
    const fastify = Fastify({ logger: { level: 'debug', stream } })
    const env = { MONGODB_URI: 'mongodb://unused', JWT_SECRET: 'x'.repeat(32), ...servers.env }
    await fastify.register(config, { env })
    await fastify.register(redis)
    t.equal(fastify.redisConnection?.state, 'down')
    await servers.start()
    await eventually(() => fastify.redisConnection?.state === 'up')
    t.equal(fastify.redisConnection?.kind, name === 'redis cluster' ? 'cluster' : 'single')
    t.equal(await fastify.redis.commands?.set('key', 'value'), 'OK')
    t.equal(fastify.redis.subscriber?.status, 'ready')
    await servers.kill()
    await eventually(() => fastify.redisConnection?.state === 'down')
    await t.resolves(fastify.close())
    t.match(logged.join(''), 'Redis connection lost: polling the store instead')
    t.notMatch(logged.join(''), /sesame/, 'no log line contains the password')
  })
}

test('redis behind Sentinel: when the master dies, the bus follows to its replica', { skip }, async t => {
  const { env, nodes } = await startSentinel(t)
  const [a, b] = [await openBus(t, env), await openBus(t, env)]
  const { heard } = await listening(b, 'room')
  await nodes[0]?.kill()
  await eventually(() => a.state === 'down' && b.state === 'down')
  await eventually(() => a.state === 'up' && b.state === 'up')
  await reaches(a, 'room', heard)
  t.match(await nodes[1]?.admin().info('replication'), 'role:master')
})

test('redis cluster: one reachable node of REDIS_ADDR is enough', { skip }, async t => {
  const { nodes } = await startCluster(t)
  const connection = await openRedis(t, { REDIS_ADDR: `127.0.0.1:1,${nodes[1]?.address},${nodes[2]?.address}` })
  await eventually(() => connection.state === 'up')
  t.equal(connection.kind, 'cluster')
})

test('redis: a client that ioredis has given up on is connected again', { skip }, async t => {
  const { env } = await startRedis(t)
  let clients = {} as Clients
  const connection = await openRedis(t, env, made => {
    clients = made
  })
  await eventually(() => connection.state === 'up')
  const { commands } = clients
  commands.once('connecting', () => commands.disconnect(true))
  commands.disconnect(true)
  await eventually(() => commands.status === 'end')
  await eventually(() => connection.state === 'up')
  t.pass()
})

test('redis over TLS: an unknown authority and a wrong password are named as the reason', { skip }, async t => {
  const { env } = await startSecureRedis(t)
  const untrusted = await openRedis(t, { REDIS_ADDR: env.REDIS_ADDR })
  t.match(untrusted.failure, /self-signed certificate/)
  const wrong = await openRedis(t, { ...env, REDIS_ADDR: env.REDIS_ADDR.replace(/:[^:]*@/, ':wrong@') })
  t.match(wrong.failure, /WRONGPASS/)
  t.equal(wrong.state, 'down')
})

const base = { REDIS_DB: 3, REDIS_PASSWORD: 'from the variable' }
const read = (REDIS_ADDR: string) => readRedisAddress({ ...base, REDIS_ADDR } as unknown as Config)

test('REDIS_ADDR: each form gives nodes, login, database and TLS', async t => {
  const one = { nodes: [{ host: 'a', port: 6379 }], db: 3, tls: null, password: base.REDIS_PASSWORD }
  t.match(read('a:6379'), one)
  t.match(read('redis://a'), one)
  t.match(read('rediss://min%40ji:p%2Fw:@[::1]:7000/2'), {
    ...{ nodes: [{ host: '::1', port: 7000 }], db: 2, tls: {}, username: 'min@ji', password: 'p/w:' },
  })
  t.match(read('redis://:secret@a:1,b?sentinel=chat'), {
    nodes: [
      { host: 'a', port: 1 },
      { host: 'b', port: 26379 },
    ],
    sentinel_master: 'chat',
    password: 'secret',
  })
  t.notMatch(read('redis://minji:secret@a')?.description, /minji|secret/)
})

test('REDIS_ADDR: a mistake is reported in one sentence without its value', async t => {
  const wrong = [
    'redis://hush@',
    'redis://hush:p@ss@a',
    'redis://a:0',
    'redis://a:70000',
    'redis://a?hush=1',
    'redis://%hush@a',
  ]
  for (const address of wrong) {
    try {
      read(address)
      t.fail(`${address} was accepted`)
    } catch (error) {
      t.match((error as Error).message, /^REDIS_ADDR /)
      t.notMatch((error as Error).message, /hush|p@ss/)
    }
  }
  t.throws(() => read('a:1,b:2'), /REDIS_DB must be 0/)
})
