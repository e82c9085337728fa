import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { Redis } from 'ioredis'
import type { Test } from 'tap'
import { eventually } from './eventually.js'
import { programMissing } from './missing.js'
import { freePort, listens } from './port.js'

/** Why tests with a Redis of their own cannot run here; false where they can. */
export const redisMissing = programMissing('redis-server', '--version')

/** Who ends what was started: a test, or whatever else runs real servers. */
export interface Owner {
  teardown(work: () => unknown): unknown
}

/** A Redis of the test's own, which it may stop, kill and start again. */
export interface RedisServer {
  readonly port: number
  readonly address: string
  /** A client of the test's, for commands; made anew after a restart. */
  admin(): Redis
  /** SIGKILL; everything it knew is gone. */
  kill(): Promise<void>
  start(): Promise<void>
  /** It keeps its connections and says nothing, until it resumes. */
  pause(): void
  resume(): void
}

/** @param args besides what keeps everything in memory */
export async function startRedis(t: Owner, ...args: string[]): Promise<RedisServer> {
  const port = await freePort()
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
    const started = spawn('redis-server', [...common, '--enable-debug-command', 'yes', ...args], { stdio: 'ignore' })
    server = started
    await eventually(async () => {
      if (started.exitCode !== null) throw new Error(`redis-server has ended with code ${started.exitCode}`)
      return listens(port)
    })
  }

  // A run that ends before its teardown leaves nothing behind either.
  const end = () => server?.kill('SIGKILL')
  process.once('exit', end)
  t.teardown(async () => {
    process.off('exit', end)
    await kill()
  })
  await start()
  return {
    port,
    address: `127.0.0.1:${port}`,
    admin() {
      client ??= new Redis({ port, host: '127.0.0.1', maxRetriesPerRequest: 0 }).on('error', () => {})
      return client
    },
    kill,
    start,
    pause: () => server?.kill('SIGSTOP'),
    resume: () => server?.kill('SIGCONT'),
  }
}

/** A Redis Cluster of one node, which has all slots. */
export async function startCluster(t: Test): Promise<RedisServer> {
  // Its bus listens 10,000 above the port, which may not go beyond 65,535; a file of its own for the nodes it knows.
  const bus = await freePort()
  const folder = t.testdir({})
  const cluster = ['--cluster-enabled', 'yes', '--cluster-port', String(bus), '--cluster-announce-ip', '127.0.0.1']
  const redis = await startRedis(t, ...cluster, '--dir', folder)
  await redis.admin().cluster('ADDSLOTSRANGE', 0, 16383)
  await eventually(async () => /cluster_state:ok/.test((await redis.admin().cluster('INFO')) as string))
  return redis
}
