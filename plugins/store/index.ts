import type {} from '@fastify/mongodb'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { Config } from '../../schemas/config.js'
import { explain } from '../config/reason.js'
import type { Logger, Store } from './store.js'

export { openToOthers } from './embedded/modes.js'
export { directId, hiddenMark, isDirectId } from './log/direct.js'
export { bytesOf, foldMember, foldMessage, foldRoom, membersOf } from './log/fold.js'
export { placeOfMention } from './log/mentions.js'
export { foldReacted, isReacted, noReactions, type Reacted } from './log/reactions.js'
export { parseQuery } from './log/terms.js'
export * from './store.js'
export * from './transfer.js'

declare module 'fastify' {
  interface FastifyInstance {
    store: Store
  }
}

/** Loads the embedded store on the first call: its native library is not needed with MongoDB. */
export const loadEmbedded = () => import('./embedded/index.js')

/** Loads the store on MongoDB on the first call: loading the driver takes a large part of the startup time. */
export const loadMongo = () => import('./mongo/index.js')

/** Opens the embedded store of a folder. @throws an Error whose message is one plain sentence */
export async function openEmbedded(dataDir: string, log: Logger): Promise<Store> {
  return (await loadEmbedded()).openEmbedded(dataDir, log)
}

/** @throws an Error whose message is one sentence, and holds neither the URI nor a password */
async function connect(fastify: FastifyInstance, config: Config): Promise<Store> {
  const { MONGODB_URI: url, MONGODB_USER: user, MONGODB_PASSWORD: password, MONGODB_DATABASE: database } = config
  const timeout_ms = config.MONGODB_TIMEOUT_MS
  const [{ default: mongodb }, { mongoClient, openMongo, watchClient }] = await Promise.all([
    import('@fastify/mongodb'),
    loadMongo(),
  ])
  let watch: ReturnType<typeof watchClient>
  try {
    const client = mongoClient(url as string, { user, password }, timeout_ms)
    watch = watchClient(client)
    fastify.addHook('onClose', () => client.close(true))
    await fastify.register(mongodb, { client: await client.connect(), database })
  } catch (error) {
    throw new Error(`The database of MONGODB_URI does not answer: ${explain(error)}`)
  }
  return openMongo(fastify.mongo.client.db(database), fastify.log, timeout_ms, watch)
}

async function store(fastify: FastifyInstance) {
  const config = fastify.getDecorator<Config>('config')
  const opened =
    config.MONGODB_URI === undefined ? await openEmbedded(config.DATA_DIR, fastify.log) : await connect(fastify, config)
  fastify.decorate('store', opened)
  // Hooks run in the reverse order of their registration: plugins that use the store are closed before it, and the
  // store before its connections.
  fastify.addHook('onClose', () => opened.close())
}

export default fp(store, { name: 'store', dependencies: ['config'] })
