import { setTimeout as wait } from 'node:timers/promises'
import { after, test } from 'tap'
import { Conflict } from '../../../../plugins/store/index.js'
import { mongoClient, openMongo } from '../../../../plugins/store/mongo/index.js'
import { eventually } from '../../../support/eventually.js'
import { mongoMissing, startMongo } from '../../../support/services.js'
import { events, message, room } from '../contract/support.js'
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

    for (const name of ['members', 'invites', 'reactions', 'reaction_rows', 'terms_2', 'indexed'])
      await db.collection(name).deleteMany({})
    const lost = { indexed_seq: 0, owner: 'nobody', member_count: 99 }
    await db.collection('rooms').updateMany({}, { $set: lost })

    const again = await openMongo(db, console, TIMEOUT_MS)
    t.teardown(() => again.close())
    t.strictSame(await readIndexes(again), derived)
  })

  test('messages that two servers store in turn, with edits and deletions between, are indexed as the log says', async t => {
    const database = 'talkie_in_turn'
    const opened = await Promise.all(
      [1, 2].map(async () => {
        const client = await mongoClient(uri, {}, TIMEOUT_MS).connect()
        t.teardown(() => client.close())
        const store = await openMongo(client.db(database), console, TIMEOUT_MS)
        t.teardown(() => store.close())
        return { store, db: client.db(database) }
      }),
    )
    const [here, there] = opened as [(typeof opened)[0], (typeof opened)[0]]
    await here.store.createRoom(...room('r'))
    let seq = 1
    const sent: number[] = []
    const deleted = new Set<number>()
    for (let round = 0; round < 40; round++) {
      const { store } = round % 3 === 0 ? there : here
      const added: Parameters<typeof events>[2] = [message(`word${round} green`), message('blue')]
      const target = sent.at(-1 - (round % 3)) ?? 0
      if (round % 4 === 1 && !deleted.has(target)) added.push({ type: 'edited', target, text: 'yellow' })
      if (round % 5 === 2 && !deleted.has(target)) added.push({ type: 'deleted', target })
      if (round % 5 === 2) deleted.add(target)
      await store.append('r', seq, events('r', seq, added))
      sent.push(seq + 1, seq + 2)
      seq += added.length
      // Some are indexed together, some alone.
      if (round % 7 === 0) await wait(250)
    }
    const position = async () =>
      (await here.db.collection<{ _id: string; terms_2?: number }>('indexed').findOne({ _id: 'r' }))?.terms_2
    await eventually(async () => (await position()) === seq)
    const read = async () => ({
      terms: await here.db
        .collection('terms_2')
        .find({}, { projection: { _id: 0 }, sort: { seq: 1 } })
        .toArray(),
      standings: await here.store.readStandings('bob', ['r']),
      room: await here.store.readRoom('r'),
    })
    const indexed = await read()
    t.equal(indexed.terms.length, sent.length - deleted.size, 'deleted messages have no terms')
    for (const name of ['terms_2', 'indexed']) await here.db.collection(name).deleteMany({})
    await here.store.searchTerms('r', ['green'], { before: 9, limit: 9 })
    t.strictSame(await read(), indexed)
  })

  test('opening a database of an older server rebuilds its terms and names, and keeps rooms that share a name', async t => {
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
    t.strictSame(names, ['Room lunch again', 'STRASSE', 'Straße'])
    await t.rejects(store.createRoom(...room('c', { name: 'strasse' })), Conflict)
    await store.append('b', 1, [{ ...room('b')[1], seq: 2, type: 'joined', member: 'bob', client_id: 'x' }])
    t.match(await store.readRoom('b'), { member_count: 2, name: 'STRASSE' })
  })
}
