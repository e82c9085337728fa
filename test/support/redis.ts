import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { Redis, type RedisOptions } from 'ioredis'
import { eventually } from './eventually.js'
import { programMissing } from './missing.js'
import { freePort, listens } from './port.js'

/** Why tests with a Redis of their own cannot run here; false if they can. */
export const redisMissing = programMissing('redis-server', '--version')

/** Owns the servers and stops them at its end: a test or a benchmark. */
export interface Owner {
  teardown(work: () => unknown): unknown
}

/** A single Redis, or all nodes behind one REDIS_ADDR. */
export interface RedisServers {
  /** REDIS_ADDR and related variables. */
  readonly env: { REDIS_ADDR: string } & Record<string, string>
  readonly nodes: RedisServer[]
  /** SIGKILL; all data is lost. */
  kill(): Promise<void>
  start(): Promise<void>
}

/** A Redis that a test may pause, kill and restart. */
export interface RedisServer extends RedisServers {
  readonly port: number
  readonly address: string
  /** A client for the test's own commands; a new one after a restart. */
  admin(): Redis
  /** Stops responding but keeps its connections, until it resumes. */
  pause(): void
  resume(): void
}

/** @param args in addition to those that disable persistence */
export async function startRedis(t: Owner, ...args: string[]): Promise<RedisServer> {
  return startRedisOn(t, await freePort(), { args })
}

interface ServerOptions {
  args: string[]
  /** A configuration file instead of the arguments that disable persistence. */
  conf?: string
  /** How the test's own client connects. */
  client?: RedisOptions
}

export async function startRedisOn(t: Owner, port: number, options: ServerOptions): Promise<RedisServer> {
  let server: ChildProcess | undefined
  let client: Redis | undefined

  async function kill() {
    client?.disconnect()
    client = undefined
    if (!server) return
    const exited = once(server, 'exit')
    server.kill('SIGKILL')
    server = undefined
    await exited
  }

  async function start() {
    const common = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no']
    const first = options.conf === undefined ? [...common, '--enable-debug-command', 'yes'] : [options.conf]
    const started = spawn('redis-server', [...first, ...options.args], { stdio: 'ignore' })
    server = started
    await eventually(async () => {
      if (started.exitCode !== null) throw new Error(`redis-server has ended with code ${started.exitCode}`)
      return listens(port)
    })
  }

  // Also covers a run that exits before its teardown.
  const end = () => server?.kill('SIGKILL')
  process.once('exit', end)
  t.teardown(async () => {
    process.off('exit', end)
    await kill()
  })
  await start()
  const address = `127.0.0.1:${port}`
  const started: RedisServer = {
    port,
    address,
    env: { REDIS_ADDR: address },
    get nodes() {
      return [started]
    },
    admin() {
      client ??= new Redis({ port, host: '127.0.0.1', maxRetriesPerRequest: 0, ...options.client }).on(
        'error',
        () => {},
      )
      return client
    },
    kill,
    start,
    pause: () => server?.kill('SIGSTOP'),
    resume: () => server?.kill('SIGCONT'),
  }
  return started
}
