import { test } from 'tap'
import { createLocalCounts } from '../../../plugins/rate-limit/counts.js'

test('a window begins with the first one counted and ends as a whole', t => {
  let now = 0
  const count = createLocalCounts(() => now)
  t.same(count('minji', 1000), { current: 1, ttl: 1000 })
  now = 900
  t.same(count('minji', 1000), { current: 2, ttl: 100 })
  t.same(count('bob', 1000), { current: 1, ttl: 1000 })
  now = 1000
  t.same(count('minji', 1000), { current: 1, ttl: 1000 })
  t.end()
})

test('what is taken back was counted in the same window', t => {
  let now = 0
  const count = createLocalCounts(() => now)
  count('minji', 1000)
  t.same(count('minji', 1000, -1), { current: 0, ttl: 1000 })
  count('minji', 1000)
  now = 1000
  t.same(count('minji', 1000, -1), { current: 0, ttl: 0 })
  t.same(count('minji', 1000), { current: 1, ttl: 1000 })
  t.end()
})

test('of too many keys the one counted longest ago starts anew', t => {
  const count = createLocalCounts(() => 0)
  count('first', 1000)
  for (let key = 0; key < 10_000; key++) count(`${key}`, 1000)
  t.equal(count('first', 1000).current, 1)
  t.equal(count('9999', 1000).current, 2)
  t.end()
})
