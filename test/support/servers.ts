import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import type { FastifyInstance, InjectOptions } from 'fastify'
import type { Test } from 'tap'
import { closeCodes } from '../../schemas/wire.js'
import { build } from './application.js'
import { type RedisServer, redisMissing, startRedis } from './redis.js'
import { type RedisProxy, startRedisProxy } from './redis-proxy.js'
import { type Database, mongoMissing, startMongo } from './services.js'
import { type AnyFrame, connect, listen, type TestSocket } from './socket.js'

/** Why tests of several servers cannot run here; false if they can. */
export const clusterMissing = mongoMissing() || redisMissing

/** One database for all tests of a file, because starting one takes a second. Call it at the top of the file. */
export async function fileDatabase(root: { after(work: () => unknown): void }): Promise<Database | null> {
  if (clusterMissing) return null
  const database = await startMongo()
  root.after(() => database.stop())
  return database
}

export interface Cluster {
  apps: FastifyInstance[]
  /** The origin of each server. */
  origins: string[]
  redis: RedisServer
  /** Between each server and Redis. */
  proxies: RedisProxy[]
  /** Environment for starting another server of the same cluster. */
  env: Record<string, string>
}

/** Starts several servers on one store and one Redis, for one test. */
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

// A server that has not read ended sessions for a second rejects all requests, which happens on a busy machine. The
// functions below retry like a client, up to this many times, some ms apart.
const TRIES_MAX = 20_000
const pause = () => wait(20)

export async function ask(app: FastifyInstance, request: InjectOptions) {
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const answer = await app.inject(request)
    if (answer.statusCode !== 503) return answer
    await pause()
  }
  throw new Error(`${request.url} was always refused`)
}

/** Opens a socket; retries until it is welcomed to the room or closed for a reason that a retry does not solve. */
export async function enter(t: Test, origin: string, path: string, token: string): Promise<TestSocket> {
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const socket = await connect(t, origin, path, token)
    const code = await Promise.race([socket.next('welcome').then(() => null), socket.closed.then(({ code }) => code)])
    if (code !== closeCodes.restarting.code) return socket
    await pause()
  }
  throw new Error(`${path} was always refused`)
}

/** @returns the ack */
export async function say(socket: TestSocket, client_id: string, text: string, room_id = 'default'): Promise<AnyFrame> {
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    socket.send({ type: 'send', room_id, client_id, text })
    const answer = await socket.next(['ack', 'error'], { client_id })
    if (answer.type === 'ack') return answer
    if (answer.code !== 'STORE_UNAVAILABLE') throw new Error(JSON.stringify(answer))
    await pause()
  }
  throw new Error(`${client_id} was always refused`)
}
