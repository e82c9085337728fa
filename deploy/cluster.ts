/**
 * A cluster for developers: `npm run cluster`. Starts Redis, FerretDB with a temporary folder, and three servers on
 * adjacent ports. Set MONGODB_URI or REDIS_ADDR to use existing ones. All processes end on Ctrl-C or when one of them ends.
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
/** How many ports are tried, starting at the preferred one. */
const PORTS_MAX = 100

const build = fileURLToPath(new URL('..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'talkie-cluster-'))
const children = new Map<string, ChildProcess>()
let isEnding = false

function run(name: string, command: string, args: string[], env: NodeJS.ProcessEnv): void {
  // In its own process group, so that Ctrl-C reaches only us and we can end them in order.
  const child = spawn(command, args, { env, stdio: ['ignore', 'inherit', 'inherit'], detached: true })
  children.set(name, child)
  child.once('error', error => {
    children.delete(name)
    void end(`${name} failed to start: ${error.message}`, 1)
  })
  child.once('exit', () => {
    children.delete(name)
    void end(`${name} exited`, 1)
  })
}

/** Ends all processes, the servers first, because they need the store while they drain. */
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

async function freePort(preferred: number): Promise<number> {
  for (let port = preferred; port < preferred + PORTS_MAX; port++) if (await isFree(port)) return port
  throw new Error(`No free port found from ${preferred} on`)
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
  // `.ci/run` keeps its FerretDB there.
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
  console.log(`redis: ${process.env.REDIS_ADDR ? 'REDIS_ADDR' : env.REDIS_ADDR}`)
  console.log(`store: ${process.env.MONGODB_URI ? 'MONGODB_URI' : env.MONGODB_URI}`)
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
  console.log('Press Ctrl-C to stop all')
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void end('stopping', 0))
start().catch((error: Error) => end(error.message, 1))
