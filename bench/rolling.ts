/**
 * A rolling restart of three servers under load, on MongoDB (MONGODB_URI, or a FerretDB of its own) and Redis:
 * `npm run rolling`. It ends with figures; the exit code is 1 where anything was lost, doubled or out of order, a server
 * had to be killed, or the sockets came back in less than 80 % of the drain's time.
 */
import { parseArgs } from 'node:util'
import { roll } from './rolling/roll.js'

const { values } = parseArgs({
  options: {
    servers: { type: 'string', default: '3' },
    sockets: { type: 'string', default: '2000' },
    senders: { type: 'string', default: '10' },
    drain: { type: 'string', default: '10000' },
  },
})
const figures = await roll({
  servers: Number(values.servers),
  sockets: Number(values.sockets),
  senders: Number(values.senders),
  drain_ms: Number(values.drain),
  pause_ms: 1000,
  progress: line => console.log(line),
})
for (const [name, value] of Object.entries(figures)) console.log(`${name.padEnd(24)} ${value}`)
const { lost, doubled, out_of_order, cut_off, spread_percent } = figures
process.exitCode = lost + doubled + out_of_order + cut_off > 0 || spread_percent < 80 ? 1 : 0
