import type { Db, MongoClient } from 'mongodb'
import { explain } from '../../plugins/config/reason.js'
import { loadMongo } from '../../plugins/store/index.js'
import type { Config } from '../../schemas/config.js'

/** Which MongoDB to use, in the names of the configuration. */
export type DatabaseAddress = Pick<
  Config,
  'MONGODB_URI' | 'MONGODB_USER' | 'MONGODB_PASSWORD' | 'MONGODB_DATABASE' | 'MONGODB_TIMEOUT_MS'
>

/** @throws an Error whose message is one sentence without the URI or the password */
export async function withDatabase<T>(address: DatabaseAddress, work: (db: Db) => Promise<T>): Promise<T> {
  const { MONGODB_URI: uri = '', MONGODB_USER: user, MONGODB_PASSWORD: password } = address
  const { mongoClient } = await loadMongo()
  let client: MongoClient
  try {
    client = await mongoClient(uri, { user, password }, address.MONGODB_TIMEOUT_MS).connect()
  } catch (error) {
    throw new Error(`Cannot connect to MongoDB: ${explain(error)}`)
  }
  try {
    return await work(client.db(address.MONGODB_DATABASE))
  } finally {
    await client.close()
  }
}
