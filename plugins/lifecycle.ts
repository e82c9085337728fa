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
/** How often the store is asked whether it is still the one that we started with. */
const EPOCH_MS = 5000

async function lifecycle(fastify: FastifyInstance) {
  fastify.decorate('draining', false)
  // Hooks run in the order of their registration: who drains in a preClose of its own depends on this plugin.
  fastify.addHook('preClose', async () => {
    fastify.draining = true
    fastify.log.info('draining: no new sockets')
  })

  const timer = setInterval(() => {
    fastify.store.readEpoch().then(
      async epoch => {
        if (epoch === fastify.store.epoch || fastify.draining) return
        fastify.log.fatal('the store was restored from a backup while this server ran: ending, start it again')
        process.exitCode = 1
        await fastify.close()
      },
      // Whether it answers at all is for others to find out.
      () => {},
    )
  }, EPOCH_MS)
  timer.unref()
  fastify.addHook('onClose', async () => clearInterval(timer))

  fastify.addHook('onListen', async () => {
    fastify.log.info(`store: ${fastify.store.description}`)
    fastify.log.info(`bus: ${fastify.pubsub.description}`)
  })
}

export default fp(lifecycle, { name: 'lifecycle', dependencies: ['store', 'pubsub'] })
