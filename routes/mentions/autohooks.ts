import type { FastifyInstance } from 'fastify'

/** Every route below `/mentions` requires authentication. */
export default async (fastify: FastifyInstance) => {
  fastify.addHook('onRequest', fastify.requireIdentity)
}
