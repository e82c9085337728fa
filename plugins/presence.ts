import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'

declare module 'fastify' {
  interface FastifyInstance {
    presence: { isOnline(username: string): boolean }
  }
}

/** Stands in until presence is merged: nobody is online. */
async function presence(fastify: FastifyInstance) {
  fastify.decorate('presence', { isOnline: () => false })
}

export default fp(presence, { name: 'presence' })
