import { after, test } from 'tap'
import { Conflict } from '../../../../plugins/store/index.js'
import { mongoClient, openMongo } from '../../../../plugins/store/mongo/index.js'
import { eventually } from '../../../support/eventually.js'
import { mongoMissing, startMongo } from '../../../support/services.js'
import { room } from '../contract/support.js'
import { fillLogs, readIndexes } from '../derived.js'

/** SQLite under FerretDB waits for its lock for up to 10 s. */
const TIMEOUT_MS = 60_000

const missing = mongoMissing()
if (missing) test('indexes on MongoDB', { skip: missing }, async () => {})
else {
  const { uri, stop } = await startMongo()
  after(stop)

  test('an index that an older server did not have is built from the logs by the next read', async t => {
    const client = await mongoClient(uri, {}, TIMEOUT_MS).connect()
    t.teardown(() => client.close())
    const db = client.db('talkie_indexes')
    const before = await openMongo(db, console, TIMEOUT_MS)
    await fillLogs(before)
    const derived = await readIndexes(before)
    t.strictSame([derived.blue, derived.green], [[4], []])
    await before.close()

    for (const name of ['members', 'terms_2', 'indexed']) await db.collection(name).deleteMany({})
    const lost = { indexed_seq: 0, owner: 'nobody', member_count: 99 }
    await db.collection('rooms').updateMany({}, { $set: lost })

    const again = await openMongo(db, console, TIMEOUT_MS)
    t.teardown(() => again.close())
    t.strictSame(await readIndexes(again), derived)
  })

  test('a database of an older server gets its terms and names anew, and keeps rooms with one name', async t => {
    const client = await mongoClient(uri, {}, TIMEOUT_MS).connect()
    t.teardown(() => client.close())
    const db = client.db('talkie_older')
    const before = await openMongo(db, console, TIMEOUT_MS)
    await fillLogs(before)
    await before.createRoom(...room('a', { name: 'Straße' }))
    await before.createRoom(...room('b', { name: 'other' }))
    const derived = await readIndexes(before)
    await before.close()

    const rooms = db.collection<{ _id: string; name_folded: string }>('rooms')
    await rooms.dropIndex('name_folded_1_tombstone_1')
    await rooms.updateMany({}, { $unset: { name_sort: '', names_version: '' } })
    await rooms.updateOne({ _id: 'a' }, { $set: { name_folded: 'straße' } })
    await rooms.updateOne({ _id: 'b' }, { $set: { name: 'STRASSE', name_folded: 'strasse', created_at: '2030' } })
    const stale = { room_id: 'lunch', seq: 4, terms: ['stale'] }
    await db.collection('terms').insertOne(stale)
    await db.collection('terms_2').deleteMany({})
    const indexed = db.collection<{ _id: string; terms_2?: number }>('indexed')
    for (const { _id, terms_2 = 0 } of await indexed.find().toArray()) {
      await indexed.updateOne({ _id }, { $set: { seq: terms_2 }, $unset: { terms_2: '' } })
    }

    const again = await Promise.all([1, 2].map(() => openMongo(db, console, TIMEOUT_MS)))
    t.teardown(() => Promise.all(again.map(store => store.close())))
    const [store] = again as [(typeof again)[0]]
    await eventually(async () => ((await indexed.findOne({ _id: 'lunch' }))?.terms_2 ?? 0) > 0)
    t.strictSame(await readIndexes(store), derived)
    t.notOk((await db.listCollections().toArray()).some(({ name }) => name === 'terms'))
    const names = (await store.listRooms('ann', { limit: 10 })).standings.map(({ room: { name } }) => name)
    t.strictSame(names, ['Room lunch', 'STRASSE', 'Straße'])
    await t.rejects(store.createRoom(...room('c', { name: 'strasse' })), Conflict)
    await store.append('b', 1, [{ ...room('b')[1], seq: 2, type: 'joined', member: 'bob', client_id: 'x' }])
    t.match(await store.readRoom('b'), { member_count: 2, name: 'STRASSE' })
  })
}
