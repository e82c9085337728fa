import type { FastifyInstance } from 'fastify'

/** Every route below `/admin` requires authentication; the capabilities check that the user is an administrator. */
export default async (fastify: FastifyInstance) => {
  fastify.addHook('onRequest', fastify.requireIdentity)
}
