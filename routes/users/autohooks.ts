import type { FastifyInstance } from 'fastify'

export default async function users(fastify: FastifyInstance) {
  fastify.addHook('onRequest', fastify.requireIdentity)
}
