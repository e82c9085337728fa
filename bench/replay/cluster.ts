import { randomUUID } from 'node:crypto'
import { startRedis } from '../../test/support/redis.js'
import { type Fate, startRedisProxy } from '../../test/support/redis-proxy.js'
import { startMongo } from '../../test/support/services.js'
import { type ServerProcess, startServer } from './server.js'

/** Interval between faults: each time a server, and Redis or the database. */
const FAULT_MS = 5000
/** How long a fault of Redis or the database lasts. */
const BROKEN_MS = 2500
const FATES: Fate[] = ['swallow', 'repeat', 'swap', 'pass']

const pause = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))

/** Starts several servers on one store and one Redis, each with a fault-injecting proxy in front of Redis. */
export async function startCluster(count: number) {
  const ends: (() => unknown)[] = []
  const owner = { teardown: (work: () => unknown) => ends.push(work) }
  const database = await startMongo()
  const redis = await startRedis(owner)
  const proxies = await Promise.all(Array.from({ length: count }, () => startRedisProxy(owner, redis.port)))
  const common = {
    MONGODB_URI: database.uri,
    MONGODB_DATABASE: `replay_${randomUUID().slice(0, 8)}`,
    JWT_SECRET: randomUUID(),
  }
  const servers: ServerProcess[] = []
  for (const { address } of proxies) servers.push(await startServer({ ...common, REDIS_ADDR: address }))

  async function lie(fate: () => Fate) {
    for (const proxy of proxies) proxy.fate = fate
    await redis.admin().call('CLIENT', 'KILL', 'TYPE', 'pubsub')
    await pause(BROKEN_MS)
    for (const proxy of proxies) proxy.fate = () => 'pass'
  }

  const faults: Record<string, () => Promise<void>> = {
    async 'redis killed'() {
      await redis.kill()
      await pause(BROKEN_MS)
      await redis.start()
    },
    'redis deaf': () => lie(() => 'swallow'),
    async 'redis asleep'() {
      await redis.admin().call('DEBUG', 'SLEEP', BROKEN_MS / 1000)
    },
    'redis lies': () => lie(() => FATES[Math.floor(Math.random() * FATES.length)] as Fate),
    async 'redis stopped'() {
      redis.pause()
      await pause(BROKEN_MS)
      redis.resume()
    },
    async 'database killed'() {
      await database.ours?.kill()
      await database.ours?.start()
    },
  }

  return {
    base_urls: servers.map(({ base_url }) => base_url),

    /**
     * Injects one fault after the other until stopped.
     * @returns a function that stops it and repairs everything; resolves with the numbers of servers killed and of
     * faults
     */
    disturb(progress: (line: string) => void) {
      let isOver = false
      const done = { kills: 0, faults: 0 }
      const running = (async () => {
        for (let round = 0; !isOver; round++) {
          const [name, fault] = Object.entries(faults)[round % Object.keys(faults).length] as [
            string,
            () => Promise<void>,
          ]
          progress(`server ${(round % count) + 1} killed, ${name}`)
          await Promise.all([servers[round % count]?.killAndRestart(), fault(), pause(FAULT_MS)])
          done.kills++
          done.faults++
        }
      })()
      return async () => {
        isOver = true
        await running
        return done
      }
    },

    async stop() {
      for (const server of servers) await server.stop()
      for (const end of ends.reverse()) await end()
      await database.stop()
    },
  }
}
