import { test } from 'tap'
import { roll } from '../../bench/rolling/roll.js'
import { redisMissing } from '../redis.js'
import { mongoMissing } from '../services.js'

test('a rolling restart of three servers under load loses and doubles nothing', {
  skip: mongoMissing() || redisMissing,
}, async t => {
  const figures = await roll({
    ...{ servers: 3, sockets: 150, senders: 5, burst: 2, pause_ms: 500, drain_ms: 1000 },
    progress: line => t.comment(line),
  })
  // How many servers did not end in time, and how evenly clients came back, is the machine's: bench/rolling tells.
  t.match(figures, { lost: 0, doubled: 0, out_of_order: 0 })
  t.ok(figures.acknowledged > 0)
  t.ok(figures.reconnects >= 100, 'as many as two thirds of the sockets, at least')
  t.comment(JSON.stringify(figures))
})
