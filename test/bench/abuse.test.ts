import { test } from 'tap'
import { attacks } from '../../bench/abuse/attacker.js'
import { abuse } from '../../bench/abuse.js'
import { skipLong } from '../support/repeat.js'

/** One of each kind; `npm run abuse` runs them all and judges latencies, which depend on the machine. */
const CUT = ['pipelined /metrics', 'pipelined history, unread', 'deep JSON, 10 sockets']
const MEMORY_MIB = 400
/** Before budgets, most of these silenced the server for 5 to 22 s. */
const SILENCE_MS = 4000

const skip = process.platform === 'linux' ? skipLong : 'needs /proc'

for (const name of CUT) {
  test(`${name}: a healthy user is heard and memory stays bounded`, { skip, timeout: 300_000 }, async t => {
    t.ok(name in attacks)
    const [row] = await abuse({ seconds: 2, names: [name] })
    t.ok(row && row.memory < MEMORY_MIB, `${row?.memory.toFixed(0)} MiB`)
    t.ok(row && row.silence < SILENCE_MS, `${row?.silence.toFixed(0)} ms of silence`)
    t.equal(row?.refused, 0, 'nothing of the healthy user is refused')
  })
}
