import { after, type Test, test } from 'tap'
import { Conflict, NameTaken } from '../../../../plugins/store/index.js'
import { mongoClient, openMongo } from '../../../../plugins/store/mongo/index.js'
import { mongoMissing, startMongo } from '../../../support/services.js'
import { events, isConflict, room, upTo } from '../contract/support.js'

/** SQLite under FerretDB waits for its lock for up to 10 s. */
const TIMEOUT_MS = 60_000

const missing = mongoMissing()
if (missing) test('claims of names on MongoDB', { skip: missing }, async () => {})
else {
  const { uri, stop } = await startMongo()
  after(stop)
  let databases = 0

  async function openTwo(t: Test) {
    const database = `talkie_claims_${++databases}`
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
    return { here: here.store, there: there.store, db: here.db }
  }

  const rename = (id: string, after: number, name: string) =>
    events(id, after, [{ type: 'room_changed', data: { name } }])

  test('of renames and creations that race for one name on two servers, exactly one gets it', async t => {
    const { here, there } = await openTwo(t)
    for (const n of upTo(20)) {
      await here.createRoom(...room(`a${n}`, { name: `A ${n}` }))
      await there.createRoom(...room(`b${n}`, { name: `B ${n}` }))
      const racing = [
        here.append(`a${n}`, 1, rename(`a${n}`, 1, `Wanted ${n}`)),
        there.append(`b${n}`, 1, rename(`b${n}`, 1, `wanted ${n}`)),
        ...(n % 2 === 0 ? [there.createRoom(...room(`c${n}`, { name: `WANTED ${n}` }))] : []),
      ]
      const outcomes = await Promise.allSettled(racing)
      t.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1, `race ${n}`)
      t.ok(outcomes.every(one => one.status === 'fulfilled' || one.reason instanceof NameTaken || isConflict(one)))
      const named = await there.listRooms('ann', { limit: 9, q: `wanted ${n}` })
      t.equal(named.standings.filter(one => one.room.name.toLowerCase() === `wanted ${n}`).length, 1)
    }
  })

  test('the name that a dead server claimed is free, and its rename can no longer be stored', async t => {
    const { here, there, db } = await openTwo(t)
    const names = db.collection<{ _id: string; room_id: string; seq: number }>('names')
    await here.createRoom(...room('a', { name: 'Lunch' }))
    await here.createRoom(...room('b', { name: 'Dinner' }))
    t.equal(await names.countDocuments(), 0, 'a record that has its name needs no claim')
    await names.insertOne({ _id: 'wanted', room_id: 'a', seq: 2 })
    await there.append('b', 1, rename('b', 1, 'Wanted'))
    t.match(await there.readRoom('b'), { name: 'Wanted' })
    t.match(await here.readEvents('a', { after: 1, limit: 9 }), [{ seq: 2, type: 'room_changed', username: '' }])
    await t.rejects(here.append('a', 2, rename('a', 2, 'Wanted')), new NameTaken(3))
    t.match(await here.readRoom('a'), { name: 'Lunch', owner: 'ann', member_count: 1 })

    await names.insertOne({ _id: 'never', room_id: 'c', seq: 1 })
    await here.createRoom(...room('d', { name: 'Never' }))
    await t.rejects(there.createRoom(...room('c', { name: 'Never' })), Conflict)
    t.equal(await there.readRoom('c'), null)
    t.equal(await names.countDocuments({ room_id: { $ne: 'a' } }), 0)
  })

  test('a room whose creation was interrupted before its record keeps its name', async t => {
    const { here, there, db } = await openTwo(t)
    await db.collection<{ _id: string }>('names').insertOne({ _id: 'lunch', ...{ room_id: 'a', seq: 1 } })
    const [, created] = room('a', { name: 'Lunch' })
    await db.collection('events').insertOne({ ...created, user: 'ann' })
    await t.rejects(there.createRoom(...room('b', { name: 'Lunch' })), Conflict)
    t.match(await here.readRoom('a'), { name: 'Lunch', owner: 'ann' })
  })

  test('rooms that swapped names are listed under them even if no server updated their records', async t => {
    const { here, there, db } = await openTwo(t)
    const records = db.collection<{ _id: string }>('rooms')
    await here.createRoom(...room('a', { name: 'Lunch' }))
    await here.createRoom(...room('b', { name: 'Dinner' }))
    const before = await records.find().toArray()
    await here.append('a', 1, rename('a', 1, 'Passing'))
    await here.append('b', 1, rename('b', 1, 'Lunch'))
    await here.append('a', 2, rename('a', 2, 'Dinner'))
    await records.deleteMany({})
    await records.insertMany(before)
    await there.append('a', 3, events('a', 3, [{ type: 'joined', member: 'bob' }]))
    await there.append('b', 2, events('b', 2, [{ type: 'joined', member: 'bob' }]))
    t.match([await here.readRoom('a'), await here.readRoom('b')], [{ name: 'Dinner' }, { name: 'Lunch' }])
    await t.rejects(here.append('a', 4, rename('a', 4, 'lunch')), new NameTaken(5))
  })
}
