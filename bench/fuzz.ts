/**
 * Sends a server frames that no client would send: `npm run fuzz -- --frames N --seed S`. Prints the seed, which chooses
 * every frame, and what broke a promise of docs/reliability.md; the exit code is 1 if something did.
 */
import { parseArgs } from 'node:util'
import { exitOnSignals } from './exit-on-signals.js'
import { run } from './fuzz/run.js'

const { values } = parseArgs({
  options: { frames: { type: 'string', default: '100000' }, seed: { type: 'string' } },
})
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31))
const frames = Number(values.frames)
const again = `npm run fuzz -- --frames ${frames} --seed ${seed}`
console.log(again)
exitOnSignals()
const { broken, ...figures } = await run({ seed, frames })
console.log(figures)
for (const what of broken) console.log(`BROKEN ${what}`)
if (broken.length > 0) {
  console.log(`Run it again: ${again}`)
  process.exitCode = 1
}
