import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'

declare module 'fastify' {
  interface FastifyInstance {
    /** Whether the process is on its way out: no new sockets, and /ready says so. */
    draining: boolean
  }
}

/** What a drain may take besides DRAIN_MS: what is under way, the last commits, sockets that do not answer their close. */
export const DRAIN_MARGIN_MS = 10_000

async function lifecycle(fastify: FastifyInstance) {
  fastify.decorate('draining', false)
  // Hooks run in the order of their registration: who drains in a preClose of its own depends on this plugin.
  fastify.addHook('preClose', async () => {
    fastify.draining = true
    fastify.log.info('draining: no new sockets')
  })
  fastify.addHook('onListen', async () => {
    fastify.log.info(`store: ${fastify.store.description}`)
    fastify.log.info(`bus: ${fastify.pubsub.description}`)
  })
}

export default fp(lifecycle, { name: 'lifecycle', dependencies: ['store', 'pubsub'] })
