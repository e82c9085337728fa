import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { Config } from '../../schemas/config.js'
import { openEmbedded } from './embedded.js'
import type { Store } from './store.js'

export * from './store.js'

declare module 'fastify' {
  interface FastifyInstance {
    store: Store
  }
}

async function store(fastify: FastifyInstance) {
  const config = fastify.getDecorator<Config>('config')
  if (config.MONGODB_URI !== undefined) throw new Error('MONGODB_URI is set, but this version has no MongoDB store')
  const opened = await openEmbedded(config.DATA_DIR, fastify.log)
  fastify.decorate('store', opened)
  // Hooks run in the reverse order of their registration, so whatever depends on the store is closed before it.
  fastify.addHook('onClose', () => opened.close())
}

export default fp(store, { name: 'store', dependencies: ['config'] })
