import Fastify, { type FastifyBaseLogger } from 'fastify'
import config, { type Environment, readConfig } from '../../plugins/config/index.js'
import store, { loadEmbedded, type Store } from '../../plugins/store/index.js'
import type { Config } from '../../schemas/config.js'
import { openRemoteStore } from './remote-store.js'

export interface Opened {
  store: Store
  config: Config
  log: FastifyBaseLogger
}

/**
 * Opens the configured store as the server does, and closes it after the work. If a server runs on the embedded store, its
 * store is used.
 * @param options.creates whether an embedded store is created if there is none
 * @throws an Error whose message is one plain sentence; also if another process holds the embedded store
 */
export async function withStore<T>(
  env: Environment,
  work: (opened: Opened) => Promise<T>,
  { creates = false } = {},
): Promise<T> {
  // A command run in the wrong folder must not leave an empty store there.
  const read = readConfig(env)
  const { MONGODB_URI, DATA_DIR } = read
  if (MONGODB_URI === undefined && !creates && !(await loadEmbedded()).holdsStore(DATA_DIR)) {
    throw new Error(`DATA_DIR ${DATA_DIR} holds no store: set DATA_DIR to the folder of the server`)
  }
  const fastify = Fastify({ logger: false })
  const remote = MONGODB_URI === undefined ? await openRemoteStore(DATA_DIR) : null
  if (remote !== null) return work({ store: remote, config: read, log: fastify.log })
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
