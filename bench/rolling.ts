/**
 * A rolling restart of three servers on MongoDB (MONGODB_URI, or its own FerretDB) and Redis, under the bursts of
 * bench/k6/burst.js and with 2,000 more sockets that only listen: `npm run rolling [-- -e NAME=VALUE]`. Prints figures
 * at the end; the exit code is 1 if a threshold of the script fails, a server was not restarted during it or had to be
 * killed, or the reconnects were spread over less than 80 % of the drain time.
 */
import { parseArgs } from 'node:util'
import { exitOnSignals } from './exit-on-signals.js'
import { roll } from './rolling/roll.js'

/** Generous thresholds: a client disconnected during a burst is back only seconds later, and FerretDB is slow. */
const LOAD = ['ROUNDS=4', 'P99_ACK_MS=30000', 'P99_DELIVERY_MS=30000', 'PATIENCE_MS=120000']

const { values } = parseArgs({
  options: {
    servers: { type: 'string', default: '3' },
    sockets: { type: 'string', default: '2000' },
    drain: { type: 'string', default: '10000' },
    env: { type: 'string', short: 'e', multiple: true, default: [] },
  },
})
const servers = Number(values.servers)
exitOnSignals()
const figures = await roll({
  servers,
  sockets: Number(values.sockets),
  drain_ms: Number(values.drain),
  env: [...LOAD, ...values.env],
  progress: line => console.log(line),
})
for (const [name, value] of Object.entries(figures)) console.log(`${name.padEnd(24)} ${value}`)
const { burst, restarts, cut_off, spread_percent } = figures
process.exitCode = burst === 0 && restarts >= servers && cut_off === 0 && spread_percent >= 80 ? 0 : 1
