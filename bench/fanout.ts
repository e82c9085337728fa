/**
 * What a message costs on its way to many sockets, beside other servers: `npm run bench [-- OPTIONS]`. Each run has a
 * server of its own on one core and the generator on another; loads and peers take turns. It ends with a table for each
 * load and a JSON file; the exit code is 1 when one of our servers lost something, changed an order or failed.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { exitOnSignals } from './exit-on-signals.js'
import type { Figures } from './fanout/drive.js'
import { machine } from './fanout/host.js'
import { type Load, loads } from './fanout/loads.js'
import { measure } from './fanout/measure.js'
import { checkout, install, others, ours, type Peer } from './fanout/peers.js'
import { isCalm, type Run, summarize, tables, withFigures } from './fanout/report.js'

const HELP = `npm run bench [-- OPTIONS]
  --ours [LABEL=]FOLDER  a built checkout of this server; may be repeated, for before and after (default: this one)
  --peers NAMES          ours and ${others.map(({ name }) => name).join(', ')} (default: all), separated by commas
  --loads NAMES          ${Object.keys(loads).join(', ')} (default: all)
  --runs N               calm runs of each load on each peer, whose median counts (default 3)
  --seconds N            measured in each run (default 10)
  --warm N               seconds of load before they are measured (default 3)
  --busy                 runs beside other processes count, too: to try things out
  --document FILE        puts the tables between its marks (npm run bench: docs/performance.md)
  --json FILE            all figures (default build/fanout.json)`

/** Runs that are repeated because the machine was busy: as many as were asked for, and then what there is counts. */
const REPEATS_PER_RUN = 1

const { values } = parseArgs({
  options: {
    ours: { type: 'string', multiple: true, default: [checkout] },
    peers: { type: 'string', default: ['ours', ...others.map(({ name }) => name)].join() },
    loads: { type: 'string', default: Object.keys(loads).join() },
    runs: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '10' },
    warm: { type: 'string', default: '3' },
    busy: { type: 'boolean', default: false },
    document: { type: 'string' },
    json: { type: 'string', default: join(checkout, 'build', 'fanout.json') },
    help: { type: 'boolean', default: false },
  },
})

function positive(name: 'runs' | 'seconds' | 'warm') {
  const n = Number(values[name])
  if (!(n > 0)) throw new Error(`--${name} is not a positive number`)
  return n
}

function chosenPeers(): Peer[] {
  const own = values.ours.map(value => {
    const [, label = 'ours', folder = ''] = /^(?:([\w.-]+)=)?(.*)$/s.exec(value) ?? []
    return ours(label, folder)
  })
  const chosen = values.peers.split(',').flatMap(name => {
    const found = name === 'ours' ? own : others.filter(peer => peer.name === name)
    if (found.length === 0) throw new Error(`--peers: ${name} is not known`)
    return found
  })
  return chosen.filter(peer => {
    const reason = install(peer)
    if (reason) console.error(`${peer.name} is left out: ${reason}`)
    return reason === null
  })
}

function chosenLoads(): [string, Load][] {
  return values.loads.split(',').map(name => {
    const load = loads[name]
    if (!load) throw new Error(`--loads: ${name} is not known`)
    return [name, load]
  })
}

async function run(load: string, peer: Peer, seconds: number, warm: number): Promise<Run> {
  try {
    return { load, peer: peer.name, figures: await measure(peer, loads[load] as Load, seconds, warm) }
  } catch (error) {
    return { load, peer: peer.name, failure: (error as Error).message }
  }
}

function inBrief({ cpu_us, p99_ms, socket_bytes }: Figures) {
  if (socket_bytes !== null) return `${(socket_bytes / 1024).toFixed(1)} KiB a socket`
  return cpu_us === null ? 'nothing was delivered' : `${cpu_us.toFixed(2)} µs a delivery, p99 ${p99_ms} ms`
}

async function main() {
  const [wanted, seconds, warm] = [positive('runs'), positive('seconds'), positive('warm')]
  const peers = chosenPeers()
  const chosen = chosenLoads()
  const runs: Run[] = []
  const counts = (done: Run) => values.busy || isCalm(done) || done.failure !== undefined
  const enough = (load: string, peer: Peer) =>
    runs.filter(done => done.load === load && done.peer === peer.name && counts(done)).length >= wanted
  for (let round = 1; round <= wanted * (1 + REPEATS_PER_RUN); round++) {
    for (const [load] of chosen) {
      for (const peer of peers) {
        if (enough(load, peer)) continue
        const done = await run(load, peer, seconds, warm)
        runs.push(done)
        const { figures, failure } = done
        const calm = isCalm(done) ? '' : ', not calm'
        const what = figures ? `${inBrief(figures)}${calm}` : failure
        console.error(`${new Date().toISOString().slice(11, 19)} round ${round}: ${load} ${peer.name}: ${what}`)
      }
    }
  }
  const summaries = summarize(runs)
  const options = { runs: wanted, seconds, warm, ours: values.ours }
  mkdirSync(dirname(values.json), { recursive: true })
  const report = { at: new Date().toISOString(), machine: machine(), options, loads, summaries, runs }
  writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`)
  console.log(tables(summaries))
  if (values.document) {
    writeFileSync(values.document, withFigures(readFileSync(values.document, 'utf8'), report))
  }
  const rivals = new Set(others.map(({ name }) => name))
  const isFaulty = runs.some(
    ({ peer, figures, failure }) =>
      !rivals.has(peer) && (failure || figures?.lost || figures?.out_of_order || figures?.unacknowledged),
  )
  process.exitCode = isFaulty ? 1 : 0
}

exitOnSignals()
if (values.help) console.log(HELP)
else {
  await main().catch((error: Error) => {
    console.error(error.message)
    process.exitCode = 1
  })
}
// Guards of the ports that were used are still open.
process.exit()
