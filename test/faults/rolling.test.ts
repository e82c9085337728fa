import { test } from 'tap'
import { roll } from '../../bench/rolling/roll.js'
import { redisMissing } from '../support/redis.js'
import { mongoMissing } from '../support/services.js'

test('a rolling restart of three servers under the burst script loses and doubles nothing, and makes no herd', {
  skip: mongoMissing() || redisMissing,
}, async t => {
  const figures = await roll({
    ...{ servers: 3, sockets: 150, drain_ms: 4000 },
    // Time is no matter here: only whether all comes, once and in order.
    env: ['USERS=5', 'MESSAGES=4', 'ROUNDS=20', 'EVERY_MS=2000', 'P99_ACK_MS=1e6', 'P99_DELIVERY_MS=1e6'],
    progress: line => t.comment(line),
  })
  t.match(figures, { burst: 0, cut_off: 0 })
  t.ok(figures.restarts >= 3, 'each server was restarted')
  t.ok(figures.reconnects >= 100, 'as many as two thirds of the sockets, at least')
  t.ok(figures.spread_percent >= 80, `${figures.spread_percent} % of the drain's time`)
  t.comment(JSON.stringify(figures))
})
