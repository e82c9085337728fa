import { test } from 'tap'
import { createSlowMode } from '../../../plugins/rate-limit/slow-mode.js'
import { openRedis } from '../../support/bus.js'
import { eventually } from '../../support/eventually.js'
import { redisMissing, startRedis } from '../../support/redis.js'

test('a member waits from the last message on, a retry of it does not, and others have waits of their own', async t => {
  const clock = { now: 0 }
  const take = createSlowMode(null, 'epoch', () => clock.now)
  t.equal(await take('room', 'minji', 'c1', 30_000), 0)
  clock.now = 10_000
  t.equal(await take('room', 'Minji', 'c2', 30_000), 20_000)
  t.equal(await take('room', 'minji', 'c1', 30_000), 0)
  t.equal(await take('room', 'seojun', 'c1', 30_000), 0)
  t.equal(await take('other', 'minji', 'c2', 30_000), 0)
  t.equal(await take('room', 'minji', 'c2', 10_000), 0, 'the owner made the wait shorter')
  clock.now = 20_000
  t.equal(await take('room', 'minji', 'c3', 10_000), 0)
})

test('of many messages of one member to two servers at once, one is admitted', { skip: redisMissing }, async t => {
  const redis = await startRedis(t)
  const servers = await Promise.all(
    [1, 2].map(async () => {
      const connection = await openRedis(t, { REDIS_ADDR: redis.address })
      await eventually(() => connection.state === 'up')
      return createSlowMode(connection, 'epoch')
    }),
  )
  for (let room = 0; room < 50; room++) {
    const tries = servers.flatMap((take, server) =>
      [1, 2, 3].map(n => take(`room-${room}`, 'minji', `${server} ${n}`, 600_000)),
    )
    const waits = await Promise.all(tries)
    t.equal(waits.filter(wait_ms => wait_ms === 0).length, 1)
    t.ok(waits.every(wait_ms => wait_ms <= 600_000))
  }
})
