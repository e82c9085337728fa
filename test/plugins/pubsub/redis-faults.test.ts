import { test } from 'tap'
import { listening, openBus, reaches, say } from '../../support/bus.js'
import { eventually } from '../../support/eventually.js'
import { redisMissing as skip, startRedis } from '../../support/redis.js'
import { startRedisProxy } from '../../support/redis-proxy.js'

test('redis: a bus whose subscribing connection is killed has its subscriptions back', { skip }, async t => {
  const redis = await startRedis(t)
  const [a, b] = [await openBus(t, redis.address), await openBus(t, redis.address)]
  const { heard } = await listening(b, 'room')
  for (let times = 0; times < 3; times++) {
    await redis.admin().call('CLIENT', 'KILL', 'TYPE', 'pubsub')
    await reaches(a, 'room', heard)
  }
  t.pass()
})

test('redis: a server too slow for the messages is cut off by Redis and comes back', { skip }, async t => {
  const redis = await startRedis(t, '--client-output-buffer-limit', 'pubsub 256kb 0 0')
  const [a, b] = [await openBus(t, redis.address), await openBus(t, redis.address)]
  const { heard } = await listening(b, 'room')
  await redis.admin().call('CLIENT', 'NO-EVICT', 'on')
  // One transaction: nothing leaves its output buffers before it ends.
  const flood = redis.admin().multi()
  for (let n = 0; n < 64; n++) flood.publish('room', 'x'.repeat(64 * 1024))
  await flood.exec()
  await reaches(a, 'room', heard)
  t.ok(heard.length < 64, 'Redis has thrown the flood away')
})

test('redis: paused it counts as down, nothing waits for it, and it comes back', { skip }, async t => {
  const redis = await startRedis(t)
  const [a, b] = [await openBus(t, redis.address), await openBus(t, redis.address)]
  const { heard } = await listening(b, 'room')
  await eventually(() => a.state === 'up' && b.state === 'up')
  redis.pause()
  t.teardown(() => redis.resume())
  await eventually(() => a.state === 'down' && b.state === 'down')
  await t.rejects(
    a.connection.run(commands => commands.ping()),
    /Redis is down/,
  )
  await b.subscribe('another', () => {})
  const before = process.memoryUsage().arrayBuffers
  const block = Buffer.alloc(1024 * 1024)
  for (let n = 0; n < 200; n++) a.publish('room', block)
  t.ok(process.memoryUsage().arrayBuffers - before < 300 * 1024 * 1024)
  redis.resume()
  await eventually(() => a.state === 'up' && b.state === 'up')
  await reaches(a, 'room', heard)
})

test('redis: a Redis that sleeps longer than is waited for is connected anew', { skip }, async t => {
  const redis = await startRedis(t)
  const [a, b] = [await openBus(t, redis.address), await openBus(t, redis.address)]
  const { heard } = await listening(b, 'room')
  redis
    .admin()
    .call('DEBUG', 'SLEEP', '7')
    .catch(() => {})
  await eventually(() => a.state === 'down' && b.state === 'down')
  await eventually(() => a.state === 'up' && b.state === 'up')
  await reaches(a, 'room', heard)
  t.pass()
})

test('redis: connected and deaf it counts as down, and is connected anew until it hears', { skip }, async t => {
  const redis = await startRedis(t)
  const proxy = await startRedisProxy(t, redis.port)
  const [a, b] = [await openBus(t, redis.address), await openBus(t, proxy.address)]
  const { heard } = await listening(b, 'room')
  await eventually(() => b.state === 'up')
  proxy.fate = () => 'swallow'
  await eventually(() => a.state === 'up' && b.state === 'down')
  proxy.fate = () => 'pass'
  await eventually(() => b.state === 'up')
  await reaches(a, 'room', heard)
})

test('redis: behind a cable that is cut it is connected anew when there is one again', { skip }, async t => {
  const redis = await startRedis(t)
  const proxy = await startRedisProxy(t, redis.port)
  const [a, b] = [await openBus(t, redis.address), await openBus(t, proxy.address)]
  const { heard } = await listening(b, 'room')
  proxy.cut = true
  await eventually(() => b.state === 'down')
  await eventually(() => proxy.connections === 0)
  proxy.cut = false
  await eventually(() => b.state === 'up')
  await reaches(a, 'room', heard)
  t.pass()
})

test('redis: messages that are repeated and reordered on the way reach handlers, whole', { skip }, async t => {
  const redis = await startRedis(t)
  const proxy = await startRedisProxy(t, redis.port)
  const [a, b] = [await openBus(t, redis.address), await openBus(t, proxy.address)]
  const { heard } = await listening(b, 'room')
  let count = 0
  proxy.fate = () => (['repeat', 'swap', 'pass'] as const)[count++ % 3] ?? 'pass'
  await reaches(a, 'room', heard)
  const said = () => heard.filter(text => text !== 'again')
  for (let n = 0; n < 30; n++) say(a, 'room', `${n}`)
  await eventually(() => new Set(said()).size === 30)
  t.ok(said().length > 30)
})

test('redis: without it a bus starts, delivers here, and finds it when it comes', { skip }, async t => {
  const redis = await startRedis(t)
  await redis.kill()
  const open = () => openBus(t, redis.address, { isUp: false })
  const [a, b] = [await open(), await open()]
  t.equal(a.state, 'down')
  const { heard } = await listening(a, 'room')
  say(a, 'room', 'alone')
  t.same(heard, ['alone'])
  await redis.start()
  await eventually(() => a.state === 'up' && b.state === 'up')
  await reaches(b, 'room', heard)
})
