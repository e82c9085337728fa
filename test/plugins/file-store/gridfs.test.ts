import { randomBytes, randomUUID } from 'node:crypto'
import { MongoClient } from 'mongodb'
import { after, test } from 'tap'
import { openGridFs } from '../../../plugins/file-store/gridfs.js'
import { withConcerns } from '../../../plugins/store/mongo/index.js'
import { mongoMissing, startMongo } from '../../support/services.js'
import { fileStoreContract, spool } from './contract.js'

const missing = mongoMissing()
if (missing) test('GridFS', { skip: missing }, async () => {})
else {
  const { uri, stop } = await startMongo()
  after(stop)

  async function empty() {
    // So few connections that one which is not given back is missed.
    const client = await new MongoClient(uri, { maxPoolSize: 4 }).connect()
    const db = withConcerns(client.db(`talkie_${randomUUID().slice(0, 8)}`), 60_000)
    async function destroy() {
      await db.dropDatabase()
      await client.close()
    }
    return { db, destroy }
  }

  fileStoreContract('GridFS', async () => {
    const { db, destroy } = await empty()
    return { files: openGridFs(db), reopen: async () => openGridFs(db), destroy }
  })

  // F81
  test('chunks that an interrupted upload left are no file, and are removed by a repeat or a removal', async t => {
    const { db, destroy } = await empty()
    t.after(destroy)
    const files = openGridFs(db)
    const chunks = db.collection('files.chunks')
    const [key, other] = [randomUUID(), randomUUID()]
    for (const files_id of [key, other]) {
      await chunks.insertOne({ files_id: files_id as never, n: 0, data: randomBytes(255 * 1024) })
    }
    t.equal(await files.open(key), null)
    t.equal(await files.sizeOf(key), null)
    await files.put(key, spool(t, randomBytes(300_000)))
    t.equal(await files.sizeOf(key), 300_000)
    await files.remove(other)
    t.equal(await chunks.countDocuments({ files_id: other as never }), 0)
    t.equal(await chunks.countDocuments(), 2)
  })

  test('a file whose last chunk is missing is not taken for the whole', async t => {
    const { db, destroy } = await empty()
    t.after(destroy)
    const files = openGridFs(db)
    const key = randomUUID()
    await files.put(key, spool(t, randomBytes(600_000)))
    await db.collection('files.chunks').deleteOne({ files_id: key as never, n: 2 })
    const stream = await files.open(key)
    await t.rejects(async () => {
      for await (const _ of stream ?? []);
    })
  })
}
