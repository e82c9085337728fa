import { randomUUID } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import type { Test } from 'tap'
import { build } from '../helper.js'
import { type RedisServer, redisMissing, startRedis } from '../redis.js'
import { type RedisProxy, startRedisProxy } from '../redis-proxy.js'
import { type Database, mongoMissing, startMongo } from '../services.js'
import { listen } from '../socket.js'

/** Why tests of several servers cannot run here; false where they can. */
export const clusterMissing = mongoMissing() || redisMissing

/** The database of a whole file: starting one takes a second. To be called at the file's top. */
export async function fileDatabase(root: { after(work: () => unknown): void }): Promise<Database | null> {
  if (clusterMissing) return null
  const database = await startMongo()
  root.after(() => database.stop())
  return database
}

export interface Cluster {
  apps: FastifyInstance[]
  /** Where each one listens. */
  origins: string[]
  redis: RedisServer
  /** Between each server and Redis. */
  proxies: RedisProxy[]
  /** What another server of the same cluster starts with. */
  env: Record<string, string>
}

/** Several whole servers on one store and one Redis, all of this test alone. */
export async function startServers(
  t: Test,
  database: Database | null,
  count: number,
  more: Record<string, string> = {},
): Promise<Cluster> {
  const redis = await startRedis(t)
  const env = {
    MONGODB_URI: (database as Database).uri,
    MONGODB_DATABASE: `talkie_${randomUUID().slice(0, 8)}`,
    JWT_SECRET: randomUUID(),
    REDIS_ADDR: redis.address,
    ...more,
  }
  const cluster: Cluster = { apps: [], origins: [], redis, proxies: [], env }
  for (let n = 0; n < count; n++) {
    const proxy = await startRedisProxy(t, redis.port)
    const app = await build(t, { ...env, REDIS_ADDR: proxy.address })
    cluster.proxies.push(proxy)
    cluster.apps.push(app)
    cluster.origins.push(await listen(app))
  }
  return cluster
}
