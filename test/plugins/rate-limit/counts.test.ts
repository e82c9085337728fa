import { test } from 'tap'
import { createLocalCounts } from '../../../plugins/rate-limit/counts.js'

test('a window starts with the first count and expires as a whole', t => {
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

test('a count can only be undone in its own window', t => {
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

test('with too many keys the least recently counted one is evicted', t => {
  const count = createLocalCounts(() => 0)
  count('first', 1000)
  for (let key = 0; key < 10_000; key++) count(`${key}`, 1000)
  t.equal(count('first', 1000).current, 1)
  t.equal(count('9999', 1000).current, 2)
  t.end()
})
