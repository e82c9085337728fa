import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { MongoClient } from 'mongodb'
import { after, type Test, test } from 'tap'
import { build, environment, PASSWORD, register, temporaryFolder } from '../../support/application.js'
import { run } from '../../support/command.js'
import { mongoMissing, startMongo } from '../../support/services.js'
import { connect, listen } from '../../support/socket.js'
import { addUsers } from '../../support/users.js'

const missing = mongoMissing()
if (missing) test('talkie with MongoDB', { skip: missing }, async () => {})
else await suite()

async function suite() {
  const { uri, stop } = await startMongo()
  after(stop)

  async function database(t: Test) {
    const client = await new MongoClient(uri).connect()
    const MONGODB_DATABASE = `talkie_${randomUUID().slice(0, 8)}`
    t.teardown(async () => {
      await client.db(MONGODB_DATABASE).dropDatabase()
      await client.close()
    })
    return { db: client.db(MONGODB_DATABASE), env: environment(t, { MONGODB_URI: uri, MONGODB_DATABASE }) }
  }

  test('user block closes the user’s sockets on a running server', async t => {
    const { env } = await database(t)
    const app = await build(t, env)
    const origin = await listen(app)
    const [minji, bob] = [await register(app, 'minji'), await register(app, 'bob')]
    const [ends, stays] = [await connect(t, origin, '/ws', minji.token), await connect(t, origin, '/ws', bob.token)]
    await Promise.all([ends.settled(), stays.settled()])
    t.match(await run(['user', 'block', 'MINJI'], env), { code: 0, stdout: ['Blocked MINJI; sessions ended: 1'] })
    t.match(await ends.closed, { code: 4401 })
    await stays.settled()
    await t.rejects(app.auth.login('minji', PASSWORD), { code: 'LOGIN_FAILED' })
    t.match(await run(['user', 'reset-password', 'bob', '--generate'], env), { code: 0, stdout: [/^[\w-]{20}$/] })
    t.match(await stays.closed, { code: 4401 })
  })

  test('accounts, rooms and figures are listed, as text and as JSON, also more than a page of them', async t => {
    const { env } = await database(t)
    const app = await build(t, env)
    const names = Array.from({ length: 205 }, (_, n) => `user-${n}`)
    await addUsers(app, 'minji', ...names)
    await app.store.changeAccount('user-7', { blocked: true })
    const { id } = await app.rooms.create('minji', { name: '점심', is_public: false, password: 'open sesame' })
    await app.rooms.openDirect('minji', ['user-1'], create => create())
    const objects = (lines: string[]) => lines.map(line => JSON.parse(line))
    const users = await run(['user', 'list', '--json'], env)
    t.equal(users.stdout.length, 206)
    t.match(objects(users.stdout), [{ username: 'minji', is_admin: false, blocked: false }])
    t.match(
      objects(users.stdout).find(({ username }) => username === 'user-7'),
      { blocked: true },
    )
    t.notMatch(users.stdout.join(), /hash/)
    const rooms = await run(['room', 'list', '--json'], env)
    const listed = objects(rooms.stdout)
    t.equal(listed.length, 2, 'direct conversations are left out')
    t.match(
      listed.find(room => room.id === id),
      { name: '점심', is_public: false, has_password: true, owner: 'minji', member_count: 1 },
    )
    t.match(
      listed.find(room => room.id === 'default'),
      { member_count: 206 },
    )
    t.notMatch(rooms.stdout.join(), /\$2/, 'no hash of a password')
    const { stdout } = await run(['stats', '--json'], env)
    t.match(objects(stdout), [
      {
        store: /^mongodb, database /,
        users: { total: 206, blocked: 1 },
        rooms: { total: 3, private: 1, direct: 1 },
        events: 3,
      },
    ])
  })

  test('a room exported from a folder, imported into MongoDB and exported again is unchanged', async t => {
    const { env } = await database(t)
    const from = environment(t)
    const app = await build(t, from)
    const { headers } = await register(app, 'minji')
    const made = await app.inject({ method: 'POST', url: '/rooms', headers, payload: { name: 'Lunch' } })
    const { id } = made.json()
    const url = `/rooms/${id}/messages`
    for (const text of ['one', 'two', 'three']) await app.inject({ method: 'POST', url, headers, payload: { text } })
    await app.inject({ method: 'DELETE', url: `${url}/3`, headers })
    await app.close()
    const [first, second] = ['first', 'second'].map(name => join(temporaryFolder(t), name)) as [string, string]
    await run(['room', 'export', id, first], from)
    t.match(await run(['room', 'import', first, '--add-users'], env), {
      code: 0,
      stdout: [`Imported room ${id} (Lunch): 5 events; users added: 1`],
    })
    t.match(await run(['room', 'import', first], env), { code: 0 }, 'repeating the import changes nothing')
    t.match(await run(['room', 'export', id, second], env), { code: 0 })
    const [there, here] = [await run(['room', 'export', id], from), await run(['room', 'export', id], env)]
    t.equal(there.stdout.length, 6)
    t.same(
      here.stdout.slice(0, 5).map(line => JSON.parse(line)),
      there.stdout.slice(0, 5).map(line => JSON.parse(line)),
    )
  })

  test('restore --epoch renews the epoch of a restored database, unless the database is incomplete', async t => {
    const { db, env } = await database(t)
    const app = await build(t, env)
    await register(app, 'minji')
    const { epoch } = app.store
    await app.close()
    const epochNow = async () => (await db.collection('meta').findOne({ _id: 'epoch' as never }))?.value
    const refused = async (line: RegExp) => {
      t.match(await run(['restore', '--epoch'], env), { code: 1, stdout: [], stderr: [line] })
      t.equal(await epochNow(), epoch)
      t.equal(await db.collection('sessions').countDocuments(), 1)
    }

    await db.collection('members').insertOne({ room_id: 'default', user: 'x', username: 'x', seq: 9, is_member: false })
    await refused(/room default is ahead of its log.*--oplog$/)
    await db.collection('members').deleteOne({ user: 'x' })
    await db.collection('events').insertOne({ room_id: 'default', seq: 3, client_id: 'x', user: 'x', type: 'message' })
    await refused(/the log of room default has 2 events and ends with 3$/)
    await db.collection('events').deleteOne({ seq: 3 })
    await db.collection('rooms').insertOne({ _id: 'lost' as never, name: 'lost', tombstone: '', indexed_seq: 1 })
    await refused(/room lost has no log/)
    await db.collection('rooms').deleteOne({ name: 'lost' })

    t.match(await run(['restore', '--epoch'], env), {
      code: 0,
      stdout: [/^Restored 1 users, 1 rooms, 1 events; verified/],
    })
    t.not(await epochNow(), epoch)
    t.equal(await db.collection('sessions').countDocuments(), 0)
    const again = await build(t, env)
    t.equal(again.store.epoch, await epochNow())
    t.match(await again.auth.login('minji', PASSWORD), { user: { username: 'minji' } })

    t.match(await run(['restore', 'file'], env), {
      code: 1,
      stderr: [/mongorestore, then talkie restore --epoch$/],
    })
    t.match(
      await run(['restore', '--epoch'], { ...env, MONGODB_URI: 'mongodb://127.0.0.1:1/', MONGODB_TIMEOUT_MS: '100' }),
      {
        code: 1,
        stderr: [/^Cannot connect to MongoDB: ./],
      },
    )
  })
}
