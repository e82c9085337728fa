import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { WebSocket } from 'ws'
import { createConnection, createHttp, type SocketConstructor } from '../../static/client/index.js'
import { startRedis } from '../../test/support/redis.js'
import { startMongo } from '../../test/support/services.js'
import { type ServerProcess, startServer } from '../replay/server.js'
import { startBalancer } from './balancer.js'

const RUNNER = fileURLToPath(new URL('../k6-runner.js', import.meta.url))
const SCRIPT = fileURLToPath(new URL('../../../bench/k6/burst.js', import.meta.url))

/** Checks whether all sockets are back, 20 ms apart: ten minutes in total. */
const LOOKS_MAX = 30_000
/** Sockets opened at a time. */
const AT_ONCE = 50

interface RollOptions {
  servers: number
  /** Idle sockets. */
  sockets: number
  drain_ms: number
  /** Parameters of the burst script, as `NAME=VALUE`. */
  env: string[]
  progress(line: string): void
}

export interface Figures {
  /** The burst script's exit code: 0 if all its thresholds hold. */
  burst: number | null
  /** Restarts that began while the script ran. */
  restarts: number
  /** Servers that had to be killed because they did not exit. */
  cut_off: number
  reconnects: number
  /** Time in which the middle 98 % of the sockets reconnected, in % of the drain time; the minimum of all restarts. */
  spread_percent: number
  /** Reconnects in the busiest tenth of the drain time, in % of all reconnects; 10 is perfectly even. */
  fullest_tenth_percent: number
}

/** Restarts one server after the other while the burst script runs. */
export async function roll(options: RollOptions): Promise<Figures> {
  const { progress, drain_ms } = options
  const ends: (() => unknown)[] = []
  try {
    const database = await startMongo()
    ends.push(() => database.stop())
    const redis = await startRedis({ teardown: (work: () => unknown) => ends.push(work) })
    const common = {
      MONGODB_URI: database.uri,
      MONGODB_DATABASE: `rolling_${randomUUID().slice(0, 8)}`,
      JWT_SECRET: randomUUID(),
      REDIS_ADDR: redis.address,
      DRAIN_MS: String(drain_ms),
    }
    const servers: ServerProcess[] = []
    for (let n = 0; n < options.servers; n++) {
      const server = await startServer(common)
      ends.push(() => server.stop())
      servers.push(server)
    }
    const balancer = await startBalancer(servers.map(({ base_url }) => base_url))
    ends.push(() => balancer.close())
    progress(`${options.servers} servers behind one address`)
    return await load(balancer.base_url, servers, options, end => ends.push(end))
  } finally {
    for (const end of ends.reverse()) await end()
  }
}

async function load(
  base_url: string,
  servers: ServerProcess[],
  { sockets, drain_ms, env, progress }: RollOptions,
  onEnd: (end: () => unknown) => void,
): Promise<Figures> {
  const { token } = await createHttp({ base_url }).register({ username: 'listener', password: 'correct horse' })
  /** Times at which sockets had reconnected. */
  const returns: number[] = []
  let open_now = 0

  const connect = () =>
    new Promise<void>(resolve => {
      let opened = false
      let isOpen = false
      const connection = createConnection({
        base_url,
        WebSocket: WebSocket as unknown as SocketConstructor,
        token: () => token,
        on_state({ name }) {
          if (isOpen) open_now--
          isOpen = name === 'open'
          if (!isOpen) return
          open_now++
          if (opened) returns.push(performance.now())
          opened = true
          resolve()
        },
      })
      onEnd(() => connection.close())
    })
  const everybodyIsBack = async () => {
    for (let looks = 0; open_now < sockets; looks++) {
      if (looks === LOOKS_MAX) throw new Error(`${sockets - open_now} sockets did not reconnect`)
      await new Promise(resolve => setTimeout(resolve, 20))
    }
  }

  for (let n = 0; n < sockets; n += AT_ONCE) {
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, sockets - n) }, connect))
  }
  progress(`${sockets} sockets are open`)

  const burst = await startBurst(base_url, env, progress)
  onEnd(burst.kill)

  let restarts = 0
  let cut_off = 0
  let reconnects = 0
  const spreads: number[] = []
  const tenths: number[] = []
  for (; !burst.hasEnded; restarts++) {
    const n = restarts % servers.length
    returns.length = 0
    if ((await (servers[n] as ServerProcess).restart()) !== 0) cut_off++
    await everybodyIsBack()
    const times = [...returns].sort((a, b) => a - b)
    reconnects += times.length
    const at = (share: number) => times[Math.floor(share * (times.length - 1))] as number
    spreads.push(((at(0.99) - at(0.01)) / drain_ms) * 100)
    const counts = new Map<number, number>()
    for (const time of times) {
      const tenth = Math.floor(((time - at(0)) / drain_ms) * 10)
      counts.set(tenth, (counts.get(tenth) ?? 0) + 1)
    }
    tenths.push((Math.max(...counts.values()) / times.length) * 100)
    progress(`server ${n + 1} restarted: ${times.length} sockets reconnected within ${Math.round(at(1) - at(0))} ms`)
  }
  return {
    burst: await burst.ended,
    restarts,
    cut_off,
    reconnects,
    spread_percent: Math.round(Math.min(...spreads)),
    fullest_tenth_percent: Math.round(Math.max(...tenths)),
  }
}

/** Starts the script; resolves after its setup, which is not retried if a server restarts, or when it has exited. */
async function startBurst(base_url: string, env: string[], progress: (line: string) => void) {
  const pairs = [`BASE_URL=${base_url}`, ...env].flatMap(pair => ['-e', pair])
  const child = spawn(process.execPath, [RUNNER, SCRIPT, ...pairs], { stdio: ['ignore', 'pipe', 'inherit'] })
  const lines = createInterface(child.stdout).on('line', progress)
  const burst = {
    hasEnded: false,
    ended: once(child, 'close').then(([code]) => {
      burst.hasEnded = true
      return code as number | null
    }),
    kill: () => child.kill(),
  }
  await Promise.race([once(lines, 'line'), burst.ended])
  return burst
}
