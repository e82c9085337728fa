import { test } from 'tap'
import { check } from '../../bench/faults/checker.js'
import { linesOf } from '../../bench/faults/figures.js'
import { planted } from '../../bench/faults/plant.js'
import { run } from '../../bench/faults/run.js'

const { history, violations } = await run({ seconds: 6, seed: 1, servers: 1, store: 'embedded', faults: [] })

test('a history without faults breaks no promise', async t => {
  for (const line of linesOf(violations)) t.fail(line, { diagnostic: false })
  t.ok(history.done.filter(({ outcome }) => outcome === 'ok').length > 100)
})

for (const [name, { promise, plant }] of Object.entries(planted)) {
  test(`the checker finds it if ${name}`, async t => {
    const spoiled = structuredClone(history)
    plant(spoiled)
    const found = check(spoiled)
    t.ok(
      found.some(violation => violation.promise === promise),
      `${promise}, found: ${[...new Set(found.map(violation => violation.promise))]}`,
    )
  })
}
