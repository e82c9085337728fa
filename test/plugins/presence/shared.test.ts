import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import Fastify from 'fastify'
import { type Test, test } from 'tap'
import { createPresence } from '../../../plugins/presence/presence.js'
import { createSharedPresence } from '../../../plugins/presence/shared.js'
import type { RedisConnection } from '../../../plugins/redis/index.js'
import { openRedis } from '../../support/bus.js'
import { type RedisServer, redisMissing as skip, startRedis } from '../../support/redis.js'

const { log } = Fastify()
/** Longer than any test; tests expire leases by deleting them in Redis. */
const LEASE_MS = 3_600_000

/** The presence of one server, with a clock that the test controls. */
async function server(t: Test, redis: RedisServer, epoch: string) {
  const opened = await openRedis(t, { REDIS_ADDR: redis.address })
  /** Retries if Redis responds late, as on a busy machine, so that no round is lost. */
  const run: RedisConnection['run'] = async work => {
    for (;;) {
      try {
        return await opened.run(work)
      } catch {
        await wait(10)
      }
    }
  }
  const connection: RedisConnection = Object.assign(Object.create(opened), { run })
  const told: string[] = []
  const presence = createPresence((_room_id, frame) => {
    const { username, online } = frame as { username: string; online: boolean }
    told.push(`${username} ${online ? 'online' : 'offline'}`)
  })
  const shared = createSharedPresence(connection, presence, epoch, LEASE_MS, log)
  return { presence, told, beat: shared.beat, close: shared.close }
}

test('the users of a dead server go offline on every other server as soon as it notices', { skip }, async t => {
  const redis = await startRedis(t)
  const epoch = randomUUID()
  const keys = (part: string) => redis.admin().keys(`{${epoch}}:*${part}*`)
  const [here, there, dying] = [
    await server(t, redis, epoch),
    await server(t, redis, epoch),
    await server(t, redis, epoch),
  ]
  dying.presence.enter('r', 'bob')
  await dying.beat(0)
  const [lease] = (await keys('lease')) as [string]
  for (const { presence, beat } of [here, there]) {
    presence.enter('r', 'minji')
    await beat(0)
    await beat(LEASE_MS)
  }
  for (const { told } of [here, there]) t.same(told.splice(0).sort(), ['bob online', 'minji online'])

  await redis.admin().del(lease)
  for (const { beat } of [here, there]) await beat(LEASE_MS + 1000)
  t.same(here.told, ['bob offline'])
  t.same(there.told, ['bob offline'])

  t.equal((await keys('online')).length, 3)
  for (const { beat } of [here, there]) await beat(LEASE_MS * 2)
  t.same((await keys('online')).length, 2, 'and its keys are deleted')
  t.equal((await keys('lease')).length, 2)
})

test('users of a server that left gracefully have a grace period to reconnect', { skip }, async t => {
  const redis = await startRedis(t)
  const epoch = randomUUID()
  const [here, leaving] = [await server(t, redis, epoch), await server(t, redis, epoch)]
  leaving.presence.enter('r', 'bob')
  await leaving.beat(0)
  here.presence.enter('r', 'minji')
  await here.beat(0)
  await here.beat(LEASE_MS)
  await leaving.close()
  here.told.length = 0
  await here.beat(LEASE_MS + 1000)
  t.same(here.told, [])
  here.presence.enter('r', 'bob')
  await here.beat(LEASE_MS * 2)
  t.same(here.told, [], 'and they never went offline')
})
