import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { readRedisAddress } from '../config/redis-address.js'
import type { Clients, RedisClient } from './clients.js'
import type { RedisConnection } from './connection.js'

export type { RedisConnection } from './connection.js'

declare module 'fastify' {
  interface FastifyInstance {
    /** Null without REDIS_ADDR; then there are no `fastify.redis.commands` and `fastify.redis.subscriber` either. */
    redisConnection: RedisConnection | null
  }
}

/**
 * Registers a client that is not connected yet. @fastify/redis waits until a client is `ready`, and a server must start
 * while Redis is down. It looks at the status once, during the registration, so the client says `ready` that long only.
 */
async function registerUnconnected(fastify: FastifyInstance, namespace: string, client: RedisClient) {
  const { default: fastifyRedis } = await import('@fastify/redis')
  const { status } = client
  client.status = 'ready'
  await fastify.register(fastifyRedis, { client, namespace })
  client.status = status
}

/** Makes the clients `fastify.redis.commands` and `fastify.redis.subscriber`. */
async function decorate(fastify: FastifyInstance, { commands, subscriber }: Clients) {
  if (fastify.redis) {
    // A running server can register no plugin any more, but its namespaces are properties of a plain object.
    Object.assign(fastify.redis, { commands, subscriber })
    return
  }
  await registerUnconnected(fastify, 'commands', commands)
  await registerUnconnected(fastify, 'subscriber', subscriber)
}

async function redis(fastify: FastifyInstance) {
  const address = readRedisAddress(fastify.config)
  if (address === null) return void fastify.decorate('redisConnection', null)
  // Loaded only if it is used, because that takes a part of a start.
  const { openConnection } = await import('./connection.js')
  const connection = await openConnection(address, fastify.log, clients => decorate(fastify, clients))
  fastify.decorate('redisConnection', connection)
  fastify.addHook('onClose', async () => connection.close())
}

export default fp(redis, { name: 'redis', dependencies: ['config'] })
