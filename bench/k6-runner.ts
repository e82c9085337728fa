/**
 * Runs a k6 script without k6: `npm run k6 -- bench/k6/burst.js -e BASE_URL=http://127.0.0.1:8080`. The same files run in
 * k6; see bench/README.md. Like k6, it exits with 99 if a threshold fails.
 */
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { allFigures } from './k6-runner/registry.js'
import { runScript } from './k6-runner/run.js'

const USAGE = 'Usage: npm run k6 -- SCRIPT [-e NAME=VALUE]...'

try {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { env: { type: 'string', short: 'e', multiple: true, default: [] } },
  })
  const [script] = positionals
  if (script === undefined || positionals.length > 1) throw new Error(USAGE)
  const env = (values.env ?? []).map(pair => {
    const [name = '', ...rest] = pair.split('=')
    if (rest.length === 0) throw new Error(`-e needs NAME=VALUE, not ${JSON.stringify(pair)}`)
    return [name, rest.join('=')]
  })
  const verdicts = await runScript(resolve(script), Object.fromEntries(env))
  for (const [name, figure] of [...allFigures].sort()) console.log(`${name.padEnd(24)} ${figure.summary}`)
  for (const { metric, threshold, value, holds } of verdicts) {
    console.log(`${holds ? 'holds' : 'FAILS'}  ${metric}: ${threshold} (${value ?? 'no measurements'})`)
  }
  process.exit(verdicts.every(({ holds }) => holds) ? 0 : 99)
} catch (error) {
  console.error((error as Error).message.split('\n', 1)[0])
  process.exit(1)
}
