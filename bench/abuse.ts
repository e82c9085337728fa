/**
 * Whether one client can slow the others: a healthy user beside each attack in turn, on a server with its defaults.
 * `npm run abuse -- --help` tells more.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { attacks } from './abuse/attacker.js'
import { type Figures, Healthy } from './abuse/healthy.js'
import { ask } from './abuse/tools.js'
import { ABUSER, HEALTHY, OWN_BUILD, PASSWORD, startWorld, type World } from './abuse/world.js'
import { exitOnSignals } from './exit-on-signals.js'

const ATTACKER = fileURLToPath(new URL('./abuse/attacker.js', import.meta.url))

/** The bars of this benchmark: p99 within twice the quiet value or 20 ms, memory within 200 MiB of the start. */
export const BARS = { times_quiet: 2, p99_ms: 20, memory_mib: 200 }

export interface Row extends Figures {
  attack: string
  /** MiB above the start, at the most. */
  memory: number
  /** Share of one core that the server used. */
  cpu: number
  limits_met: Record<string, number>
  ok: boolean
}

interface Options {
  build?: string
  seconds: number
  only?: string
  /** In place of `only`: these, without the quiet row that latencies are compared with. */
  names?: string[]
  told?: (row: Row) => void
}

/** Runs the attacks in turn, each on a server of its own. @returns a row for each, the quiet one first */
export async function abuse({
  build = OWN_BUILD,
  seconds,
  only = '',
  names,
  told = () => {},
}: Options): Promise<Row[]> {
  const rows: Row[] = []
  const all = names ?? ['quiet', ...Object.keys(attacks).filter(name => name.includes(only))]
  for (const name of all) {
    const world = await startWorld(build)
    try {
      const row = await measure(world, name, seconds, rows[0]?.p99 ?? 0)
      rows.push(row)
      told(row)
    } finally {
      await world.stop()
    }
  }
  return rows
}

async function measure(world: World, name: string, seconds: number, quiet_p99: number): Promise<Row> {
  const token = async (username: string, localAddress: string) => {
    const { body } = await ask(world.port, 'POST', '/auth/login', {
      body: { username, password: PASSWORD },
      localAddress,
    })
    return (JSON.parse(body) as { token: string }).token
  }
  const healthy = new Healthy(world.port, await token(HEALTHY, '127.0.0.1'))
  const abuser = await token(ABUSER, '127.0.0.3')
  await healthy.start()
  // The server warms up.
  await new Promise(resolve => setTimeout(resolve, 1500))
  healthy.take()
  const memory_before = world.memory()
  let memory = 0
  const watch = setInterval(() => {
    memory = Math.max(memory, world.memory() - memory_before)
  }, 100)
  const cpu_before = world.cpu()
  const began = performance.now()
  const limits_met = name === 'quiet' ? await quiet(seconds) : await attack(name, world.port, abuser, seconds)
  clearInterval(watch)
  const cpu = (world.cpu() - cpu_before) / ((performance.now() - began) / 1000)
  const figures = healthy.take()
  healthy.stop()
  const isHonest = name.startsWith('honest')
  const within = figures.p99 <= Math.max(BARS.p99_ms, BARS.times_quiet * quiet_p99)
  const ok =
    name === 'quiet' ||
    (within &&
      memory <= BARS.memory_mib &&
      figures.refused === 0 &&
      (!isHonest || Object.keys(limits_met).length === 0))
  return { attack: name, ...figures, memory, cpu, limits_met: isHonest ? limits_met : {}, ok }
}

async function quiet(seconds: number) {
  await new Promise(resolve => setTimeout(resolve, seconds * 1000))
  return {}
}

async function attack(name: string, port: number, token: string, seconds: number) {
  const child = fork(ATTACKER, [name, String(port), token, String(seconds)], { execArgv: [] })
  let refused: Record<string, number> = {}
  child.on('message', message => {
    refused = message as typeof refused
  })
  // It exits on its own; one that hangs is killed.
  const timer = setTimeout(() => child.kill('SIGKILL'), seconds * 1000 + 10_000)
  await once(child, 'exit')
  clearTimeout(timer)
  return refused
}

const ms = (value: number) => value.toFixed(1).padStart(8)

/** One line of the table. */
export function line({ attack, p50, p99, silence, memory, cpu, refused, limits_met, ok }: Row): string {
  const met = Object.entries(limits_met).map(([what, count]) => `${what} ${count}x`)
  const notes = [...(refused ? [`healthy user refused ${refused}x`] : []), ...met].join(', ')
  return `${ok ? 'ok ' : 'BAD'} ${attack.padEnd(46)}${ms(p50)}${ms(p99)}${ms(silence)}${memory.toFixed(0).padStart(8)}${(cpu * 100).toFixed(0).padStart(6)} %  ${notes}`
}

const HELP = `npm run abuse -- [--seconds N] [--only TEXT] [--build FOLDER]

A healthy user (4 messages and 50 pings a second) beside each attack in turn, on a server with its default limits.
Prints the healthy user's p50, p99 and longest silence (ms) how much the server's memory grew (MiB), and its share of one core.
Bars: p99 within ${BARS.times_quiet} x quiet or ${BARS.p99_ms} ms, memory within ${BARS.memory_mib} MiB; honest loads meet no limit.

  --seconds N      how long each attack lasts (10)
  --only TEXT      only attacks with this in their name
  --build FOLDER   the build folder of another checkout, to compare`

if (process.argv[1] === import.meta.filename) {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '10' },
      only: { type: 'string', default: '' },
      build: { type: 'string', default: OWN_BUILD },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) {
    console.log(HELP)
  } else {
    exitOnSignals()
    console.log(`    ${'attack'.padEnd(46)}     p50     p99 silence  memory   CPU`)
    const rows = await abuse({ ...values, seconds: Number(values.seconds), told: row => console.log(line(row)) })
    process.exitCode = rows.every(({ ok }) => ok) ? 0 : 1
  }
}
