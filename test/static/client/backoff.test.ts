import { test } from 'tap'
import { backoffDelay } from '../../../static/client/backoff.js'

test('a delay is random between 0 and the exponential bound, and never above the cap', async t => {
  const delay = (attempt: number, random: number) =>
    backoffDelay(attempt, { base_ms: 1000, cap_ms: 30_000, random: () => random })
  t.strictSame(
    [0, 1, 2, 4, 5, 1000].map(attempt => delay(attempt, 0.999_999)),
    [999, 1999, 3999, 15_999, 29_999, 29_999],
  )
  t.strictSame(
    [0, 5, 1000].map(attempt => delay(attempt, 0)),
    [0, 0, 0],
  )
})

test('clients that lost a server together reconnect spread over the whole bound', async t => {
  const tenths = new Array(10).fill(0)
  for (let i = 0; i < 10_000; i++) {
    tenths[Math.floor(backoffDelay(0, { base_ms: 1000, cap_ms: 30_000, random: Math.random }) / 100)]++
  }
  t.ok(
    tenths.every(count => count > 800 && count < 1200),
    tenths.join(' '),
  )
})
