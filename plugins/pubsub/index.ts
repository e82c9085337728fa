import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { createMemoryPubSub } from './memory.js'
import type { PubSub } from './pubsub.js'
import { createRedisPubSub } from './redis.js'

export type { PubSub } from './pubsub.js'

declare module 'fastify' {
  interface FastifyInstance {
    pubsub: PubSub
  }
}

async function pubsub(fastify: FastifyInstance) {
  const { redisConnection } = fastify
  const bus = redisConnection ? createRedisPubSub(redisConnection) : createMemoryPubSub()
  fastify.decorate('pubsub', bus)
  fastify.addHook('onClose', () => bus.close())
}

export default fp(pubsub, { name: 'pubsub', dependencies: ['redis'] })
