import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'

declare module 'fastify' {
  interface FastifyInstance {
    /** Whether the process is shutting down: it accepts no new sockets, and /ready answers 503. */
    draining: boolean
  }
}

/** Grace period after DRAIN_MS, ms: for requests in progress, the last commits and sockets that do not answer their close. */
export const DRAIN_MARGIN_MS = 10_000
/** Interval of the check that the store is still the one this server started with, ms. */
const EPOCH_MS = 5000

async function lifecycle(fastify: FastifyInstance) {
  fastify.decorate('draining', false)
  // Hooks run in the order of their registration, so a plugin that drains in its own preClose depends on this one.
  fastify.addHook('preClose', async () => {
    fastify.draining = true
    fastify.log.info('Draining: new sockets are refused, open ones are closed gradually')
  })

  const timer = setInterval(() => {
    fastify.store.readEpoch().then(
      async epoch => {
        if (epoch === fastify.store.epoch || fastify.draining) return
        fastify.log.fatal(
          'Shutting down: the store was restored from a backup or migrated while this server was running',
        )
        process.exitCode = 1
        await fastify.close()
      },
      // A store that does not answer is reported by /ready, not here.
      () => {},
    )
  }, EPOCH_MS)
  timer.unref()
  fastify.addHook('onClose', async () => clearInterval(timer))

  fastify.addHook('onListen', async () => {
    fastify.log.info(`Store: ${fastify.store.description}`)
    fastify.log.info(`Bus: ${fastify.pubsub.description}`)
  })
}

export default fp(lifecycle, { name: 'lifecycle', dependencies: ['store', 'pubsub'] })
