import { execFileSync } from 'node:child_process'
import type { Fate } from '../../test/support/redis-proxy.js'
import type { ServerProcess } from '../replay/server.js'
import type { Link } from './link.js'
import type { Random } from './random.js'
import type { World } from './world.js'

/** How long a fault lasts, and how long there is none between two. */
const FAULT_MS = { least: 300, most: 3000 }
const CALM_MS = 1500
const CLOCK_STEP_MS = 600_000
/** Bytes that a file may have on a full disk. */
const FULL_BYTES = 4096

const pause = (ms: number) => new Promise<void>(resolve => setTimeout(resolve, ms))

interface Scene extends World {
  random: Random
  /** How long the fault lasts. */
  ms: number
  /** One of them, chosen for this fault. */
  server: ServerProcess
  link: Link
}

interface Fault {
  /** What it is about: of two faults at once, each is about something else. */
  of: 'server' | 'network' | 'redis' | 'database' | 'clock'
  /** Whether it can happen in this world. */
  needs?: (world: World) => unknown
  /** Resolves when all is mended. */
  inject(scene: Scene): Promise<unknown>
}

const ofLink = (state: Link['state']): Fault => ({
  of: 'network',
  async inject({ link, ms }) {
    link.state = state
    await pause(ms)
    link.state = 'whole'
  },
})

const ofBus = (fate: (random: Random) => Fate): Fault => ({
  of: 'redis',
  needs: ({ redis }) => redis,
  async inject({ proxies, random, ms }) {
    for (const proxy of proxies) proxy.fate = () => fate(random)
    await pause(ms)
    for (const proxy of proxies) proxy.fate = () => 'pass'
  },
})

/** Stops a process with its connections open. */
async function suspend(pid: number, ms: number) {
  process.kill(pid, 'SIGSTOP')
  await pause(ms)
  process.kill(pid, 'SIGCONT')
}

/** Everything that goes wrong. A new fault is a row. */
export const faults: Record<string, Fault> = {
  'server killed': {
    of: 'server',
    inject: ({ server }) => server.killAndRestart(),
  },
  'server suspended': {
    of: 'server',
    inject: ({ server, ms }) => suspend(server.pid, ms),
  },
  'servers restarted in turn': {
    of: 'server',

    async inject({ servers }) {
      for (const server of [...servers]) await server.restart()
    },
  },
  'redis killed': {
    of: 'redis',

    needs: ({ redis }) => redis,
    async inject({ redis, ms }) {
      await redis?.kill()
      await pause(ms)
      await redis?.start()
    },
  },
  'redis paused': {
    of: 'redis',

    needs: ({ redis }) => redis,
    async inject({ redis, ms }) {
      redis?.pause()
      await pause(ms)
      redis?.resume()
    },
  },
  'bus deaf': ofBus(() => 'swallow'),
  'bus loses': ofBus(random => (random.int(3) === 0 ? 'swallow' : 'pass')),
  'bus repeats': ofBus(random => (random.int(2) === 0 ? 'repeat' : 'pass')),
  'bus reorders': ofBus(random => (random.int(2) === 0 ? 'swap' : 'pass')),
  'one server cut off from redis': {
    of: 'redis',

    needs: ({ redis }) => redis,
    async inject({ proxies, random, ms }) {
      const proxy = random.pick(proxies)
      if (!proxy) return
      proxy.cut = true
      await pause(ms)
      proxy.cut = false
    },
  },
  'database killed': {
    of: 'database',

    needs: ({ database }) => database?.ours,
    async inject({ database, ms }) {
      await database?.ours?.kill()
      await pause(ms)
      await database?.ours?.start()
    },
  },
  'database paused': {
    of: 'database',

    needs: ({ database }) => database?.ours,
    inject: async ({ database, ms }) => suspend(database?.ours?.pid() as number, ms),
  },
  'network cut': ofLink('cut'),
  'network half open': ofLink('half open'),
  'readers stalled': ofLink('stalled'),
  'disk full': {
    of: 'server',

    needs: ({ database }) => database === null,
    async inject({ server, ms }) {
      const limit = (bytes: number | 'unlimited') =>
        execFileSync('prlimit', ['--pid', `${server.pid}`, `--fsize=${bytes}:unlimited`])
      limit(FULL_BYTES)
      await pause(ms)
      limit('unlimited')
    },
  },
  'clock stepped': {
    of: 'clock',

    async inject({ setClock, random, ms }) {
      setClock((random.int(2) === 0 ? 1 : -1) * random.int(CLOCK_STEP_MS))
      await pause(ms)
      setClock(0)
    },
  },
}

/**
 * Injects one fault after the other, and now and then two at once.
 * @param only names of the faults to choose from; all by default
 * @returns how often each fault was injected; all is mended then
 */
export async function disturb(
  world: World,
  random: Random,
  isOver: () => boolean,
  progress: (line: string) => void,
  only: string[] = Object.keys(faults),
): Promise<Record<string, number>> {
  const possible = Object.entries(faults).filter(([name, { needs }]) => only.includes(name) && (!needs || needs(world)))
  const injected: Record<string, number> = {}
  while (!isOver() && possible.length > 0) {
    const chosen = new Map([random.pick(possible) as [string, Fault]])
    if (random.int(4) === 0) {
      const { of } = [...chosen.values()][0] as Fault
      const other = random.pick(possible.filter(([, fault]) => fault.of !== of))
      if (other) chosen.set(...other)
    }
    await Promise.all(
      [...chosen].map(async ([name, fault]) => {
        injected[name] = (injected[name] ?? 0) + 1
        const at = random.int(world.servers.length)
        const ms = FAULT_MS.least + random.int(FAULT_MS.most - FAULT_MS.least)
        progress(`${name}, server ${at + 1}, ${ms} ms`)
        const [server, link] = [world.servers[at] as ServerProcess, world.links[at] as Link]
        await fault.inject(Object.assign(Object.create(world), { random, ms, server, link }))
      }),
    )
    await pause(random.int(CALM_MS))
  }
  return injected
}
