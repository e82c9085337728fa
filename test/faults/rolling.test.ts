import { test } from 'tap'
import { roll } from '../../bench/rolling/roll.js'
import { redisMissing } from '../redis.js'
import { mongoMissing } from '../services.js'

test('a rolling restart of three servers under the burst script loses and doubles nothing', {
  skip: mongoMissing() || redisMissing,
}, async t => {
  const figures = await roll({
    ...{ servers: 3, sockets: 150, drain_ms: 1000 },
    // Time is no matter here: only whether all comes, once and in order.
    env: ['USERS=5', 'MESSAGES=4', 'ROUNDS=20', 'EVERY_MS=2000', 'P99_ACK_MS=1e6', 'P99_DELIVERY_MS=1e6'],
    progress: line => t.comment(line),
  })
  // How many servers did not end in time, and how evenly clients came back, is the machine's: bench/rolling tells.
  t.match(figures, { burst: 0 })
  t.ok(figures.restarts >= 3, 'each server was restarted')
  t.ok(figures.reconnects >= 100, 'as many as two thirds of the sockets, at least')
  t.comment(JSON.stringify(figures))
})
