import type { FastifyInstance } from 'fastify'

/** Everything about rooms needs a token. */
export default async (fastify: FastifyInstance) => {
  fastify.addHook('onRequest', fastify.requireIdentity)
}
