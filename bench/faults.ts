/**
 * Lets clients talk to one server (embedded store) or several (MongoDB and Redis) while servers, networks, disks, clocks,
 * Redis and the database fail, then proves from everything that clients were told that the guarantees of
 * docs/reliability.md hold: `npm run faults -- --seconds N --seed S --servers 1|3 --store embedded|mongo`. Prints the
 * seed, which chooses operations and faults, and every violation; the exit code is 1 if there is one.
 */
import { parseArgs } from 'node:util'
import { exitOnSignals } from './exit-on-signals.js'
import { count } from './faults/figures.js'
import { faults } from './faults/nemesis.js'
import { run } from './faults/run.js'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string' },
    servers: { type: 'string' },
    store: { type: 'string', default: 'embedded' },
    /** Names of faults, comma-separated; `none` for none. */
    faults: { type: 'string', default: Object.keys(faults).join(',') },
  },
})
const store = values.store === 'mongo' ? 'mongo' : 'embedded'
const servers = Number(values.servers ?? (store === 'mongo' ? 3 : 1))
if (store === 'embedded' && servers !== 1) {
  console.error('The embedded store has one server: use --store mongo for several')
  process.exit(1)
}
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31))
const seconds = Number(values.seconds)
const again = `npm run faults -- --seconds ${seconds} --seed ${seed} --servers ${servers} --store ${store}`
console.log(again)
exitOnSignals()
const outcome = await run({
  seconds,
  seed,
  servers,
  store,
  faults: values.faults.split(','),
  progress: line => console.log(line),
})
for (const [name, value] of Object.entries(count(outcome))) console.log(`${name.padEnd(40)} ${value}`)
for (const { promise, what } of outcome.violations) console.log(`VIOLATED ${promise}: ${what}`)
if (outcome.violations.length > 0) {
  console.log(`Run it again: ${again}`)
  process.exitCode = 1
}
