/**
 * Replays recorded conversations against its own server, kills the server repeatedly, and compares the stored messages
 * with the recording: `npm run replay -- FILE`. Prints figures at the end; the exit code is 1 if any message was lost,
 * duplicated, out of order or not found.
 *
 * With `--servers 3` it starts three servers on MongoDB (MONGODB_URI, or its own FerretDB) and Redis; all users move to
 * another server midway, and servers, Redis and the database are disrupted all the time. FerretDB scans every event for
 * every query, so use `--first 300`; on PostgreSQL (FERRETDB_POSTGRESQL_URL) it scans those of one room, so
 * `--first 3000` works.
 */
import { readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { gunzipSync } from 'node:zlib'
import { exitOnSignals } from './exit-on-signals.js'
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
exitOnSignals()
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
