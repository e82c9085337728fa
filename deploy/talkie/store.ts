import Fastify, { type FastifyBaseLogger } from 'fastify'
import config, { type Environment } from '../../plugins/config/index.js'
import store, { type Store } from '../../plugins/store/index.js'
import type { Config } from '../../schemas/config.js'

export interface Opened {
  store: Store
  config: Config
  log: FastifyBaseLogger
}

/**
 * Opens the configured store as the server does, and closes it after the work.
 * @throws an Error whose message is one plain sentence; also if a server is running on the embedded store
 */
export async function withStore<T>(env: Environment, work: (opened: Opened) => Promise<T>): Promise<T> {
  const fastify = Fastify({ logger: false })
  try {
    await fastify.register(config, { env })
    await fastify.register(store)
    await fastify.ready()
    return await work(fastify)
  } catch (error) {
    const { message } = error as Error
    if (!message.endsWith('is in use by another process')) throw error
    throw new Error(`${message}: stop the server and run this command again`)
  } finally {
    await fastify.close()
  }
}
