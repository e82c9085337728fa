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
async function server(t: Test, redis: RedisServer, epoch: string, { secret = 'one', errors = [] as string[] } = {}) {
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
  const shared = createSharedPresence(
    connection,
    presence,
    epoch,
    { lease_ms: LEASE_MS, secret },
    Object.assign(Object.create(log), {
      error: (text: string) => errors.push(text),
    }),
  )
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

test('a server with another JWT_SECRET is reported once by each of the others', { skip }, async t => {
  const redis = await startRedis(t)
  const epoch = randomUUID()
  const errors: string[] = []
  const one = await server(t, redis, epoch, { errors })
  const same = await server(t, redis, epoch)
  await same.beat(0)
  await one.beat(0)
  t.same(errors, [])
  const other = await server(t, redis, epoch, { secret: 'another' })
  await other.beat(0)
  await one.beat(1000)
  other.presence.enter('r', 'bob')
  await other.beat(1000)
  await one.beat(2000)
  t.match(errors, [/has another JWT_SECRET/])
  t.equal(errors.length, 1)
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

test('a burst of 210 rooms costs other servers one read, whatever else they follow', { skip }, async t => {
  const redis = await startRedis(t)
  const epoch = randomUUID()
  const servers = await Promise.all(['minji', 'bob', 'ann'].map(() => server(t, redis, epoch)))
  const [busy, ...others] = servers as [(typeof servers)[0], ...typeof servers]
  const rooms = Array.from({ length: 600 }, (_, n) => `room-${n}`)
  for (const { presence } of servers) for (const room_id of rooms) presence.enter(room_id, 'minji')
  for (const now of [0, 1000]) for (const { beat } of servers) await beat(now)

  for (const room_id of rooms.slice(0, 210)) busy.presence.enter(room_id, 'bob')
  await busy.beat(2000)
  await redis.admin().config('RESETSTAT')
  for (const { beat } of others) await beat(3000)
  const stats = await redis.admin().info('commandstats')
  const calls = (name: string) => Number(new RegExp(`cmdstat_${name}:calls=(\\d+)`).exec(stats)?.[1] ?? 0)
  t.equal(calls('smembers'), others.length, 'each reads the list of servers, and no room')
  t.equal(calls('mget'), 2 * others.length, 'and the leases, and the changes')
  for (const { told, presence } of others) {
    t.equal(told.filter(line => line === 'bob online').length, 210)
    t.same(presence.online('room-209').online, ['minji', 'bob'])
    t.same(presence.online('room-210').online, ['minji'])
  }
  const [lease] = (await redis.admin().keys(`{${epoch}}:lease*`)) as [string]
  t.ok(Number(await redis.admin().strlen(lease)) < 50, 'a lease does not grow with the changes')
})

test('changes of many rounds reach a server that reads seldom, and one whose batches expired', { skip }, async t => {
  const redis = await startRedis(t)
  const epoch = randomUUID()
  const [busy, seldom] = [await server(t, redis, epoch), await server(t, redis, epoch)]
  const people = Array.from({ length: 600 }, (_, n) => `user-${n}`)
  const online = () => seldom.presence.online('r').online_count
  seldom.presence.enter('r', 'minji')
  await seldom.beat(0)
  for (const [n, username] of people.entries()) busy.presence.enter(n < 550 ? 'r' : 'unfollowed', username)
  await busy.beat(0)
  await seldom.beat(0)
  t.equal(online(), 551)
  for (const [n, username] of people.slice(0, 30).entries()) {
    busy.presence.leave('r', username, n)
    await busy.beat(60_000 + n)
  }
  t.equal(online(), 551)
  await seldom.beat(61_000)
  t.equal(online(), 521)

  for (const username of people.slice(30, 40)) busy.presence.leave('r', username, 0)
  await busy.beat(70_000)
  await redis.admin().del(...(await redis.admin().keys(`{${epoch}}:moves*`)))
  await seldom.beat(71_000)
  t.equal(online(), 511)
})
