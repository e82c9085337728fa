import { test } from 'tap'
import { createSendLimit } from '../../../plugins/rate-limit/send-limit.js'

function withClock(rate: number) {
  const clock = { now: 1000 }
  return { clock, take: createSendLimit(rate, () => clock.now) }
}

test('a burst of twice the rate passes, then sends pass at the rate', async t => {
  const { clock, take } = withClock(10)
  for (let sent = 0; sent < 20; sent++) t.equal(take('minji'), 0)
  t.equal(take('minji'), 100)
  clock.now += 60
  t.equal(take('minji'), 40)
  clock.now += 40
  t.equal(take('minji'), 0)
  t.equal(take('minji'), 100)
  clock.now += 10_000
  for (let sent = 0; sent < 20; sent++) t.equal(take('minji'), 0, 'idle time accumulates no more than the burst')
  t.ok(take('minji') > 0)
})

test('rejected sends take no tokens, and accounts do not affect each other', async t => {
  const { clock, take } = withClock(1)
  t.same([take('a'), take('a'), take('a'), take('a'), take('a')], [0, 0, 1000, 1000, 1000])
  t.equal(take('b'), 0)
  clock.now += 1000
  t.equal(take('a'), 0)
})

test('0 disables the limit', async t => {
  const { take } = withClock(0)
  for (let sent = 0; sent < 1000; sent++) if (take('minji') !== 0) t.fail('refused')
  t.pass()
})

test('memory is bounded: with too many accounts the least recently used bucket is dropped', async t => {
  const { take } = withClock(1)
  for (const name of ['old', 'old', 'busy', 'busy']) take(name)
  for (let n = 0; n < 9_999; n++) take(`n${n}`)
  t.equal(take('busy'), 1000)
  t.equal(take('old'), 0)
})

test('tokens taken by other servers are missing from the local bucket too', t => {
  const { clock, take } = withClock(10)
  take.fullIn('minji', 2000)
  t.equal(take('minji'), 100)
  t.equal(take('bob'), 0)
  take.fullIn('bob', 0)
  clock.now += 100
  t.equal(take('minji'), 0)
  t.end()
})
