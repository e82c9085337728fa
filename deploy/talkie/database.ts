import type { Db, MongoClient } from 'mongodb'
import { loadMongo } from '../../plugins/store/index.js'
import type { Config } from '../../schemas/config.js'

/** @throws an Error whose message is one sentence, and holds neither the URI nor a password */
export async function withDatabase<T>(config: Config, work: (db: Db) => Promise<T>): Promise<T> {
  const { MONGODB_URI: uri = '', MONGODB_USER: user, MONGODB_PASSWORD: password, MONGODB_DATABASE: database } = config
  const { mongoClient } = await loadMongo()
  let client: MongoClient
  try {
    client = await mongoClient(uri, { user, password }, config.MONGODB_TIMEOUT_MS).connect()
  } catch (error) {
    throw new Error(`MONGODB_URI names a database that does not answer: ${(error as Error).message}`)
  }
  try {
    return await work(client.db(database))
  } finally {
    await client.close()
  }
}
