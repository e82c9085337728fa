/**
 * Replays real talk against a server of its own, kills the server on the way, and compares what is kept with what was
 * said: `npm run replay -- FILE`. What it ends with are figures; the exit code is 1 where anything was lost, doubled,
 * out of order or not found.
 *
 * With `--servers 3` there are three of them, on MongoDB (MONGODB_URI, or a FerretDB of its own) and Redis; everybody
 * moves to another in the middle, and servers, Redis and the database are broken all the time. FerretDB looks at every
 * event for every question, so give it `--first 300`; on PostgreSQL, which FERRETDB_POSTGRESQL_URL names, at those of one
 * room, so that it bears `--first 3000`.
 */
import { readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { gunzipSync } from 'node:zlib'
import { replay } from './replay/replay.js'

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    kills: { type: 'string', default: '2' },
    observers: { type: 'string', default: '3' },
    searches: { type: 'string', default: '200' },
    servers: { type: 'string', default: '1' },
    first: { type: 'string', default: 'Infinity' },
  },
})
const [file] = positionals
if (!file) {
  console.error(
    'Usage: npm run replay -- FILE [--kills N] [--observers N] [--searches N] [--servers N] [--first COUNT]',
  )
  process.exit(1)
}
const bytes = await readFile(file)
const lines = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString().split('\n').filter(Boolean)
const figures = await replay(
  lines.slice(0, Number(values.first)).map(line => JSON.parse(line)),
  {
    kills: Number(values.kills),
    observers: Number(values.observers),
    searches: Number(values.searches),
    servers: Number(values.servers),
    progress: line => console.log(line),
  },
)
for (const [name, value] of Object.entries(figures)) console.log(`${name.padEnd(24)} ${value}`)
const { lost, doubled, out_of_order, altered, observed_wrongly, searches_incomplete } = figures
process.exitCode = lost + doubled + out_of_order + altered + observed_wrongly + searches_incomplete > 0 ? 1 : 0
