/**
 * How fast a log-out, a removal and a room's deletion reach sockets on another server, with the bus working, Redis
 * killed, and Redis fallen silent in the moment before; and how fast the users of a dead server are offline:
 * `npm run revocation`. On MongoDB (MONGODB_URI, or a FerretDB of its own) and Redis. It ends with medians and maxima;
 * the exit code is 1 where a maximum is beyond its bound.
 */
import { parseArgs } from 'node:util'
import { measure } from './revocation/measure.js'

const { values } = parseArgs({
  options: { tries: { type: 'string', default: '30' }, deaths: { type: 'string', default: '2' } },
})
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
// Sockets whose servers were stopped may still be on their way out.
process.exit()
