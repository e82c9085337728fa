/**
 * A rolling restart of three servers, on MongoDB (MONGODB_URI, or a FerretDB of its own) and Redis, under bursts of 50
 * users with 10 messages each in one moment: `npm run rolling`. It ends with figures; the exit code is 1 where anything
 * was lost, doubled or out of order, a server had to be killed, or the sockets came back in less than 80 % of the
 * drain's time.
 */
import { parseArgs } from 'node:util'
import { roll } from './rolling/roll.js'

const { values } = parseArgs({
  options: {
    servers: { type: 'string', default: '3' },
    sockets: { type: 'string', default: '2000' },
    senders: { type: 'string', default: '50' },
    burst: { type: 'string', default: '10' },
    // FerretDB looks at every event for every question: more of them, and it is FerretDB that is measured.
    pause: { type: 'string', default: '20000' },
    drain: { type: 'string', default: '10000' },
  },
})
const figures = await roll({
  servers: Number(values.servers),
  sockets: Number(values.sockets),
  senders: Number(values.senders),
  burst: Number(values.burst),
  pause_ms: Number(values.pause),
  drain_ms: Number(values.drain),
  progress: line => console.log(line),
})
for (const [name, value] of Object.entries(figures)) console.log(`${name.padEnd(24)} ${value}`)
const { lost, doubled, out_of_order, cut_off, spread_percent } = figures
process.exitCode = lost + doubled + out_of_order + cut_off > 0 || spread_percent < 80 ? 1 : 0
