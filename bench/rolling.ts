/**
 * A rolling restart of three servers, on MongoDB (MONGODB_URI, or a FerretDB of its own) and Redis, under the bursts of
 * bench/k6/burst.js and beside 2,000 sockets that only listen: `npm run rolling [-- -e NAME=VALUE]`. It ends with
 * figures; the exit code is 1 where a threshold of the script does not hold, a server was not restarted under it or had
 * to be killed, or the sockets came back in less than 80 % of the drain's time.
 */
import { parseArgs } from 'node:util'
import { roll } from './rolling/roll.js'

/** Who is sent away in the middle of a burst is back seconds later, and FerretDB takes its time, too. */
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
