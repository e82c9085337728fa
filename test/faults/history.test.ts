import { test } from 'tap'
import { linesOf } from '../../bench/faults/figures.js'
import { run } from '../../bench/faults/run.js'
import { repeat } from '../support/repeat.js'
import { clusterMissing } from '../support/servers.js'

const SECONDS = Number(process.env.FAULTS_SECONDS ?? repeat(60, 8))

for (const [store, servers, skip] of [
  ['embedded', 1, false],
  ['mongo', 3, clusterMissing],
] as const) {
  test(`${SECONDS} s of faults break no promise: ${store} store, ${servers} server(s)`, { skip }, async t => {
    const seed = Number(process.env.FAULTS_SEED ?? Math.floor(Math.random() * 2 ** 31))
    const again = `npm run faults -- --seconds ${SECONDS} --seed ${seed} --servers ${servers} --store ${store}`
    t.comment(again)
    const lines: string[] = []
    const { violations, history, injected } = await run({
      ...{ seconds: SECONDS, seed, servers, store },
      progress: line => lines.push(line),
    })
    for (const line of linesOf(violations)) t.fail(line, { diagnostic: false })
    t.equal(violations.length, 0, again, { diagnostic: false })
    const acked = history.done.filter(({ outcome }) => outcome === 'ok').length
    t.ok(acked > 0)
    t.comment(`${acked} of ${history.done.length} operations acknowledged, faults: ${JSON.stringify(injected)}`)
    if (violations.length > 0) t.comment(lines.join('\n'))
  })
}
