import type { FastifyInstance } from 'fastify'

/** Every route below `/messages` requires authentication. */
export default async (fastify: FastifyInstance) => {
  fastify.addHook('onRequest', fastify.requireIdentity)
}
