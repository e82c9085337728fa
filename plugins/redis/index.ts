import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { Config } from '../../schemas/config.js'
import { openLink, type RedisLink } from './link.js'

export type { RedisLink } from './link.js'

declare module 'fastify' {
  interface FastifyInstance {
    /** Null without REDIS_ADDR. */
    redis: RedisLink | null
  }
}

/** @returns the link that the configuration names, null where it names none */
export async function openRedis(config: Config, log: FastifyInstance['log']): Promise<RedisLink | null> {
  if (config.REDIS_ADDR === undefined) return null
  const [host, port] = config.REDIS_ADDR.split(':') as [string, string]
  const password = config.REDIS_PASSWORD
  return openLink({ host, port: Number(port), db: config.REDIS_DB, ...(password !== undefined && { password }) }, log)
}

async function redis(fastify: FastifyInstance) {
  const link = await openRedis(fastify.config, fastify.log)
  fastify.decorate('redis', link)
  fastify.addHook('onClose', async () => link?.close())
}

export default fp(redis, { name: 'redis', dependencies: ['config'] })
