import { test } from 'tap'
import { build } from '../support/application.js'
import { raceRemovals } from '../support/removal-race.js'
import { repeat } from '../support/repeat.js'

test('a send that races with a removal on one server is stored before it or refused', async t => {
  const tries = Number(process.env.RACE_TRIES ?? repeat(200, 50))
  const figures = await raceRemovals([await build(t)], tries)
  t.match(figures, { behind: 0, untrue: 0 })
  t.ok(figures.sent > 0 && figures.refused > 0, 'both outcomes occurred')
  t.comment(`${figures.sent} sent, ${figures.refused} refused, in ${tries} tries`)
})
