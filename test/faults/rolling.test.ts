import tap, { test } from 'tap'
import { roll } from '../../bench/rolling/roll.js'
import { redisMissing } from '../redis.js'
import { mongoMissing } from '../services.js'

// It starts a database, Redis and three servers, each twice.
tap.setTimeout(600_000)

test('a rolling restart of three servers under load loses and doubles nothing, and makes no herd', {
  skip: mongoMissing() || redisMissing,
}, async t => {
  const figures = await roll({
    ...{ servers: 3, sockets: 150, senders: 5, burst: 4, pause_ms: 500, drain_ms: 4000 },
    progress: line => t.comment(line),
  })
  t.match(figures, { lost: 0, doubled: 0, out_of_order: 0, cut_off: 0 })
  t.ok(figures.acknowledged > 0)
  t.ok(figures.reconnects >= 100, 'as many as two thirds of the sockets, at least')
  t.ok(figures.spread_percent >= 80, `${figures.spread_percent} % of the drain's time`)
  t.comment(JSON.stringify(figures))
})
