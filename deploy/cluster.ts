/**
 * A cluster for developers: `npm run cluster`. Starts Redis, a FerretDB in a folder of its own, and three servers on
 * neighbouring ports; MONGODB_URI or REDIS_ADDR name others to use instead. All end together, at Ctrl-C or when one does.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const SERVERS = 3
const START_MS = 60_000
/** Ports that are tried, from the wished one on. */
const PORTS_MAX = 100

const build = fileURLToPath(new URL('..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'talkie-cluster-'))
const children = new Map<string, ChildProcess>()
let isEnding = false

function run(name: string, command: string, args: string[], env: NodeJS.ProcessEnv): void {
  // A group of its own: a terminal's Ctrl-C reaches only us, and we end them in order.
  const child = spawn(command, args, { env, stdio: ['ignore', 'inherit', 'inherit'], detached: true })
  children.set(name, child)
  child.once('error', error => {
    children.delete(name)
    void end(`${name} cannot be started: ${error.message}`, 1)
  })
  child.once('exit', () => {
    children.delete(name)
    void end(`${name} has ended`, 1)
  })
}

/** Ends everything, the servers first: they let go of their users, and need the store for it. */
async function end(reason: string, code: number): Promise<void> {
  if (isEnding) return
  isEnding = true
  console.log(reason)
  const servers = [...children].filter(([name]) => name.startsWith('server'))
  for (const some of [servers, [...children].filter(([name]) => !name.startsWith('server'))]) {
    const exits = some.map(([, child]) => new Promise(resolve => child.once('exit', resolve)))
    for (const [, child] of some) child.kill('SIGTERM')
    await Promise.all(exits)
  }
  rmSync(folder, { recursive: true, force: true })
  process.exit(code)
}

const isFree = (port: number) =>
  new Promise<boolean>(resolve => {
    const probe = createServer()
    probe.once('error', () => resolve(false))
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)))
  })

async function freePort(wished: number): Promise<number> {
  for (let port = wished; port < wished + PORTS_MAX; port++) if (await isFree(port)) return port
  throw new Error(`No port from ${wished} on is free`)
}

async function listening(port: number): Promise<void> {
  for (const until = Date.now() + START_MS; Date.now() < until && !isEnding; await wait(50)) {
    const socket = connect(port, '127.0.0.1')
    const isOpen = await new Promise(resolve => {
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    })
    socket.destroy()
    if (isOpen) return
  }
  throw new Error(`Nothing listens on port ${port}`)
}

async function startRedis(): Promise<string> {
  if (process.env.REDIS_ADDR) return process.env.REDIS_ADDR
  const port = await freePort(16_379)
  const args = ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--loglevel', 'warning']
  run('redis', 'redis-server', args, process.env)
  await listening(port)
  return `127.0.0.1:${port}`
}

async function startDatabase(): Promise<string> {
  if (process.env.MONGODB_URI) return process.env.MONGODB_URI
  const port = await freePort(27_117)
  const args = [
    ...['--handler=sqlite', `--sqlite-url=file:${folder}/`, `--state-dir=${folder}`],
    ...[`--listen-addr=127.0.0.1:${port}`, '--debug-addr=-', '--telemetry=disable', '--log-level=ERROR'],
  ]
  // `.ci/run` keeps the one that it builds there.
  const PATH = [join(build, '..', '.cache', 'bin'), process.env.PATH].join(delimiter)
  run('ferretdb', 'ferretdb', args, { ...process.env, PATH })
  await listening(port)
  return `mongodb://127.0.0.1:${port}/`
}

async function start() {
  const env = {
    DRAIN_MS: '500',
    JWT_SECRET: randomUUID(),
    ...process.env,
    REDIS_ADDR: await startRedis(),
    MONGODB_URI: await startDatabase(),
  }
  console.log(`redis: ${env.REDIS_ADDR}`)
  console.log(`store: ${process.env.MONGODB_URI ? 'as MONGODB_URI names it' : env.MONGODB_URI}`)
  let port = Number(process.env.PORT ?? 8080)
  for (let n = 1; n <= SERVERS; n++, port++) {
    port = await freePort(port)
    run(`server ${n}`, process.execPath, ['--enable-source-maps', join(build, 'server.js')], {
      ...env,
      PORT: `${port}`,
      DATA_DIR: join(folder, `server-${n}`),
    })
    await listening(port)
    console.log(`server ${n}: http://localhost:${port}`)
  }
  console.log('Ctrl-C ends all')
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void end('ending', 0))
start().catch((error: Error) => end(error.message, 1))
