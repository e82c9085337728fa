import { after, test } from 'tap'
import { mongoClient, openMongo } from '../../../../plugins/store/mongo/index.js'
import { mongoMissing, startMongo } from '../../../support/services.js'
import { fillLogs, readIndexes } from '../derived.js'

/** SQLite under FerretDB waits for its lock for up to 10 s. */
const TIMEOUT_MS = 60_000

const missing = mongoMissing()
if (missing) test('indexes on MongoDB', { skip: missing }, async () => {})
else {
  const { uri, stop } = await startMongo()
  after(stop)

  test('an index that an older server did not keep is made from the logs by the next read', async t => {
    const client = await mongoClient(uri, {}, TIMEOUT_MS).connect()
    t.teardown(() => client.close())
    const db = client.db('talkie_indexes')
    const before = await openMongo(db, console, TIMEOUT_MS)
    await fillLogs(before)
    const derived = await readIndexes(before)
    t.strictSame([derived.blue, derived.green], [[4], []])
    await before.close()

    for (const name of ['members', 'terms', 'indexed']) await db.collection(name).deleteMany({})
    const lost = { indexed_seq: 0, owner: 'nobody', member_count: 99 }
    await db.collection('rooms').updateMany({}, { $set: lost })

    const again = await openMongo(db, console, TIMEOUT_MS)
    t.teardown(() => again.close())
    t.strictSame(await readIndexes(again), derived)
  })
}
