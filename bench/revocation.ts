/**
 * Measures how fast a logout, removal, ban, block or deletion of an account or room reaches sockets on another server while the bus works,
 * Redis is killed, or Redis has just stopped responding; and how fast the users of a dead server go offline: `npm run
 * revocation`. Uses MongoDB (MONGODB_URI, or its own FerretDB) and Redis. Prints medians and maxima; the exit code is 1
 * if a maximum exceeds its bound.
 */
import { parseArgs } from 'node:util'
import { exitOnSignals } from './exit-on-signals.js'
import { measure } from './revocation/measure.js'

const { values } = parseArgs({
  options: { tries: { type: 'string', default: '30' }, deaths: { type: 'string', default: '2' } },
})
exitOnSignals()
const measured = await measure({
  tries: Number(values.tries),
  deaths: Number(values.deaths),
  progress: line => console.log(line),
})
for (const { what, took_ms, bound_ms } of measured) {
  const sorted = took_ms.sort((a, b) => a - b).map(Math.round)
  const [median, max] = [sorted[Math.floor(sorted.length / 2)], sorted.at(-1)]
  const isBeyond = Number(max) > bound_ms
  if (isBeyond) process.exitCode = 1
  console.log(`${what.padEnd(34)} median ${median} ms, max ${max} ms of ${bound_ms}${isBeyond ? ' BEYOND' : ''}`)
}
// Sockets of stopped servers may still be closing and would keep the process alive.
process.exit()
