import { randomUUID } from 'node:crypto'
import { MongoClient } from 'mongodb'
import { after, test } from 'tap'
import { connectOptions, openMongo } from '../../../../plugins/store/mongo/index.js'
import { mongoMissing, startMongo } from '../../../support/services.js'
import { storeContract } from '../contract.js'

/** How long a busy machine takes is not what is promised: SQLite under FerretDB waits for its lock for up to 10 s. */
const TIMEOUT_MS = 60_000

const missing = mongoMissing()
if (missing) test('the store on MongoDB', { skip: missing }, async () => {})
else {
  const { uri, stop } = await startMongo()
  after(stop)

  storeContract('mongodb', async () => {
    const database = `talkie_${randomUUID().slice(0, 8)}`
    async function open() {
      const client = await new MongoClient(uri, connectOptions({}, TIMEOUT_MS)).connect()
      const store = await openMongo(client.db(database), console, TIMEOUT_MS)
      return { client, store }
    }
    let { client, store } = await open()
    return {
      store,
      async reopen() {
        await store.close()
        await client.close()
        ;({ client, store } = await open())
        return store
      },
      async destroy() {
        await store.close()
        await client.db(database).dropDatabase()
        await client.close()
      },
    }
  })
}
