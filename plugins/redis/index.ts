import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { Config } from '../../schemas/config.js'
import type { Address } from './connection.js'
import type { RedisLink } from './link.js'

export type { RedisLink } from './link.js'

declare module 'fastify' {
  interface FastifyInstance {
    /** Null without REDIS_ADDR. */
    redis: RedisLink | null
  }
}

/** Where the Redis is that the configuration names, null where it names none. */
export function addressOf({ REDIS_ADDR, REDIS_DB: db, REDIS_PASSWORD: password }: Config): Address | null {
  if (REDIS_ADDR === undefined) return null
  const [host, port] = REDIS_ADDR.split(':') as [string, string]
  return { host, port: Number(port), db, ...(password !== undefined && { password }) }
}

async function redis(fastify: FastifyInstance) {
  const address = addressOf(fastify.config)
  // Loaded only where it is used, for it takes a part of a start.
  const link = address && (await (await import('./link.js')).openLink(address, fastify.log))
  fastify.decorate('redis', link)
  fastify.addHook('onClose', async () => link?.close())
}

export default fp(redis, { name: 'redis', dependencies: ['config'] })
