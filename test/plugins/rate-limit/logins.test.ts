import { setImmediate } from 'node:timers/promises'
import { test } from 'tap'
import { createLoginLimit } from '../../../plugins/rate-limit/logins.js'
import { errors } from '../../../schemas/error.js'
import { openRedis } from '../../support/bus.js'
import { eventually } from '../../support/eventually.js'
import { redisMissing, startRedis } from '../../support/redis.js'

type Limit = ReturnType<typeof createLoginLimit>

const outcome = (limit: Limit, from: string, isRight = false) =>
  limit
    .run('minji', from, async () => {
      if (!isRight) throw new errors.LoginFailed()
      return 'in'
    })
    .catch(error => error.code as string)

test('wrong logins and known addresses are shared by all servers, and kept per server without Redis', {
  skip: redisMissing,
}, async t => {
  const redis = await startRedis(t)
  const limits: Limit[] = []
  for (let n = 0; n < 2; n++) {
    const connection = await openRedis(t, redis.env)
    await eventually(() => connection.state === 'up')
    limits.push(createLoginLimit(3, connection, 'epoch'))
  }
  const [here, there] = limits as [Limit, Limit]
  t.equal(await outcome(here, '10.0.0.1', true), 'in')
  await eventually(async () => (await redis.admin().keys('epoch:known:*')).length === 1)
  for (let n = 0; n < 3; n++) t.equal(await outcome(n % 2 ? here : there, `10.1.0.${n}`), 'LOGIN_FAILED')
  t.equal(await outcome(here, '10.1.0.9', true), 'RATE_LIMITED')
  t.equal(await outcome(there, '10.0.0.1', true), 'in', 'the other server knows the address')
  const ttls = await Promise.all((await redis.admin().keys('*')).map(key => redis.admin().pttl(key)))
  t.ok(ttls.length > 0 && ttls.every(ttl => ttl > 0), 'every key expires')

  await redis.kill()
  const codes = []
  for (let n = 0; n < 4; n++) codes.push(await outcome(here, '10.2.0.1'))
  t.same(codes, ['LOGIN_FAILED', 'LOGIN_FAILED', 'LOGIN_FAILED', 'RATE_LIMITED'])
})

test('a login that fails for another reason is not counted as a guess', async t => {
  const limit = createLoginLimit(1, null, 'epoch')
  const busy = () => limit.run('minji', '10.0.0.1', () => Promise.reject(new errors.LoginQueueFull()))
  for (let n = 0; n < 3; n++) await t.rejects(busy(), { code: 'LOGIN_QUEUE_FULL' })
  t.equal(await outcome(limit, '10.0.0.1'), 'LOGIN_FAILED')
})

test('no username can affect the count of another account’s known address', async t => {
  const limit = createLoginLimit(1, null, 'epoch')
  await outcome(limit, '10.0.0.1', true)
  const guess = (username: string) =>
    limit.run(username, '10.0.0.9', () => Promise.reject(new errors.LoginFailed())).catch(() => {})
  for (const name of ['known:minji:10.0.0.1', 'minji:10.0.0.1', 'minji']) await guess(name)
  t.equal(await outcome(limit, '10.0.0.1', true), 'in')
})

test('people who log in at once behind one address wait for each other; the count of wrong logins still holds', async t => {
  const limit = createLoginLimit(1, null, 'epoch')
  let running = 0
  let most = 0
  const login = (username: string, isRight: boolean) =>
    limit
      .run(username, '10.0.0.1', async () => {
        most = Math.max(most, ++running)
        await setImmediate()
        running--
        if (!isRight) throw new errors.LoginFailed()
        return 'in'
      })
      .catch(error => error.code as string)
  const people = await Promise.all(Array.from({ length: 200 }, (_, n) => login(`person-${n}`, true)))
  t.strictSame(new Set(people), new Set(['in']))
  t.equal(most, 8)

  const guesses = await Promise.all(Array.from({ length: 200 }, (_, n) => login(`victim-${n}`, false)))
  t.equal(guesses.filter(outcome => outcome === 'LOGIN_FAILED').length, 10)
  t.equal(guesses.filter(outcome => outcome === 'RATE_LIMITED').length, 190)

  const flood = await Promise.all(Array.from({ length: 400 }, (_, n) => login(`person-${n}`, true)))
  t.equal(flood.filter(outcome => outcome === 'LOGIN_QUEUE_FULL').length, 400 - 308)
})
