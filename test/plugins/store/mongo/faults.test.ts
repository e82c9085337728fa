import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { type CommandStartedEvent, MongoClient } from 'mongodb'
import t, { after, type Test, test } from 'tap'
import { newUser } from '../../../../plugins/auth/accounts.js'
import { Writer } from '../../../../plugins/room-log/writer.js'
import { createList } from '../../../../plugins/rooms/list.js'
import { SCHEMA_VERSION } from '../../../../plugins/store/mongo/collections.js'
import { connectOptions, openMongo } from '../../../../plugins/store/mongo/index.js'
import { Conflict, type Store } from '../../../../plugins/store/store.js'
import type { StoredEvent } from '../../../../schemas/event.js'
import { KEEPS_ALL } from '../../../../schemas/wire.js'
import { build } from '../../../support/application.js'
import { eventually } from '../../../support/eventually.js'
import { raceRemovals } from '../../../support/removal-race.js'
import { mongoMissing, startMongo } from '../../../support/services.js'
import { addUsers } from '../../../support/users.js'
import { indexed, session } from '../contract/support.js'

/** How long a busy machine takes is not what is promised: SQLite under FerretDB waits for its lock for up to 10 s. */
const PATIENCE_MS = 60_000
/** FerretDB scans the whole database for every query. */
const RACES_A_DATABASE = 20

// A thousand races take some ten minutes.
if (process.env.RACE_TRIES) t.setTimeout(3_600_000)

const missing = mongoMissing()
if (missing) test('many servers on one MongoDB', { skip: missing }, async () => {})
else await run()

async function run() {
  const mongo = await startMongo()
  after(mongo.stop)
  const ours = mongo.ours
  const notOurs = ours === null && 'the tests must not stop the server of MONGODB_URI'

  /** A new database, dropped after the test. */
  function emptyDatabase(t: Test): string {
    const name = `talkie_${randomUUID().slice(0, 8)}`
    t.teardown(async () => {
      const client = new MongoClient(mongo.uri)
      await client.db(name).dropDatabase()
      await client.close()
    })
    return name
  }

  /** A store with its own connections, like another server's, and the commands that it sends. */
  async function openStore(t: Test, database: string, { uri = mongo.uri, timeout_ms = PATIENCE_MS } = {}) {
    const client = new MongoClient(uri, { ...connectOptions({}, timeout_ms), monitorCommands: true })
    const commands: CommandStartedEvent[] = []
    client.on('commandStarted', command => commands.push(command))
    const log: string[] = []
    t.teardown(() => client.close())
    const store = await openMongo(client.db(database), { error: (_, message) => log.push(message) }, timeout_ms)
    t.teardown(() => store.close())
    return { store, commands, log }
  }

  test('a list of own rooms costs at most 6 commands, however many rooms it has', async t => {
    const database = emptyDatabase(t)
    const app = await build(t, { MONGODB_URI: mongo.uri, MONGODB_DATABASE: database })
    await addUsers(app, 'minji', 'seojun')
    const ids: string[] = []
    for (let n = 0; n < 29; n++) {
      const { id } = await app.rooms.create('minji', { name: `room ${n}` })
      ids.push(id)
      await app.rooms.join(id, 'seojun', undefined)
      await app.messages.send(id, 'seojun', { client_id: `${n}`, text: 'hello' })
    }
    const { store, commands } = await openStore(t, database)
    const { list } = createList(store)
    const query = { mine: true, limit: 100 }
    for (const id of ids) await indexed(store, id)
    // Counts the users, as the first list of ten seconds does.
    await list('minji', query)
    commands.length = 0
    const { rooms } = await list('minji', query)
    t.equal(rooms.length, 30)
    t.equal(rooms.filter(({ unread }) => unread === 1).length, 29)
    t.equal(rooms.find(({ id }) => id === 'default')?.member_count, 2)
    const names = commands.map(({ commandName }) => commandName)
    t.ok(names.length <= 6, names.join(' '))
  })

  function message(seq: number, more: Partial<StoredEvent> = {}): StoredEvent {
    const created_at = new Date().toISOString()
    return {
      room_id: 'r',
      seq,
      type: 'message',
      username: 'ann',
      client_id: randomUUID(),
      created_at,
      text: 'x',
      ...more,
    }
  }

  const settings = { name: 'Room', description: '', is_public: true, max_members: 0, password_hash: null }

  const say = (client_id: string, username = 'ann') => ({
    type: 'message' as const,
    username,
    client_id,
    decide: () => ({ text: client_id }),
  })

  /** Retries like a client, with the same client_id until it is acknowledged. */
  async function send(writer: Writer, client_id: string, username?: string): Promise<number> {
    for (;;) {
      try {
        const appended = await writer.append(say(client_id, username))
        return (appended as { event: StoredEvent }).event.seq
      } catch (error) {
        if ((error as { code?: string }).code !== 'STORE_UNAVAILABLE') throw error
        await wait(20)
      }
    }
  }

  async function compare(t: Test, store: Store, acks: Map<string, number>) {
    const log = await store.readEvents('r', { after: 0, limit: 100_000 })
    t.strictSame(
      log.map(({ seq }) => seq),
      log.map((_, i) => i + 1),
      'no hole',
    )
    const found = new Map(log.map(({ client_id, seq }) => [client_id, seq]))
    t.equal(found.size, log.length, 'nothing is there twice')
    t.strictSame(
      [...acks].filter(([client_id, seq]) => found.get(client_id) !== seq),
      [],
      `what was acknowledged (${acks.size}) is where it was said to be`,
    )
  }

  test('every write asks for a majority and its journal, every read for a majority and the primary, whatever the URI says', async t => {
    const uri = new URL(mongo.uri)
    uri.search = '?w=1&journal=false&readConcernLevel=local&readPreference=secondaryPreferred'
    const { store, commands } = await openStore(t, emptyDatabase(t), { uri: uri.href })
    const { created_at } = message(1)
    await store.createUser(newUser('Ann', 'x'))
    await store.changeUser('ann', { bio: 'x' })
    await store.readUsers(['ann'])
    await store.listUsers({ limit: 1 })
    await store.countUsers()
    await store.changeAccount('ann', { generation: 1 }, 0)
    await store.createSession(session('s', 'ann', { created_at, expires_at: created_at }))
    await store.touchSession('s', { last_seen_at: created_at, address: '' })
    await store.extendSession('s', created_at)
    await store.readSession('s')
    await store.deleteSession('s')
    await store.deleteExpiredSessions(created_at)
    const record = {
      id: 'r',
      ...settings,
      indexed_seq: 1,
      owner: 'ann',
      member_count: 1,
      created_at,
      deleted: false,
      slow_mode_s: 0,
      ...KEEPS_ALL,
    }
    await store.createRoom(record, message(1, { type: 'created', data: settings }))
    await store.append('r', 1, [
      message(2),
      message(3, { type: 'edited', target: 2 }),
      message(4, { type: 'deleted', target: 2 }),
      message(5, { type: 'joined', member: 'bob' }),
      message(6, { type: 'left', member: 'bob' }),
    ])
    await store.moveMark('ann', 'r', 2)
    await store.readMark('ann', 'r')
    await store.readState('r', ['ann'], 0)
    await store.readEvents('r', { after: 0, limit: 9 })
    await store.readByClientId('r', 'ann', 'x')
    await store.readTargets('r', [2])
    await store.readPage('r', { limit: 9 })
    await store.readByType('r', 'message', { after: 0, limit: 9 })
    await store.countUnread('r', 'bob', 0, 9)
    await store.searchTerms('r', ['x'], { before: 9, limit: 9 })
    await store.listRooms('ann', { limit: 9 })
    await store.readStandings('ann', ['r'])
    await store.listMembers('r', { limit: 9 })
    await store.append('r', 6, [message(7, { type: 'room_deleted' })])

    const seen = new Set(commands.map(({ commandName }) => commandName))
    const writes = ['insert', 'update', 'delete', 'findAndModify', 'createIndexes']
    for (const name of [...writes, 'find', 'count']) t.ok(seen.has(name), `the test saw ${name}`)
    const asks = ({ commandName, command }: CommandStartedEvent) => {
      if (writes.includes(commandName)) return command.writeConcern?.w === 'majority' && command.writeConcern.j === true
      if (commandName !== 'find' && commandName !== 'count') return true
      const mode = command.$readPreference?.mode ?? 'primary'
      return command.readConcern?.level === 'majority' && mode === 'primary'
    }
    // Their number depends on how they interleave with background work.
    t.strictSame(
      commands
        .filter(sent => !asks(sent))
        .map(({ commandName, command }) => `${commandName} of ${command[commandName]}`),
      [],
    )
  })

  test('servers that start together on an empty database all get the same epoch', async t => {
    const database = emptyDatabase(t)
    const opened = await Promise.all(Array.from({ length: 5 }, () => openStore(t, database)))
    t.equal(new Set(opened.map(({ store }) => store.epoch)).size, 1)
  })

  test('a database of another version is rejected with one line', async t => {
    const database = emptyDatabase(t)
    const client = new MongoClient(mongo.uri)
    t.teardown(() => client.close())
    await client
      .db(database)
      .collection<{ _id: string; value: string }>('meta')
      .insertOne({ _id: 'schema_version', value: '0' })
    await t.rejects(openMongo(client.db(database), console), {
      message: `The database has schema version 0, but this server reads version ${SCHEMA_VERSION} only`,
    })
  })

  test('a database killed and restarted in a burst has every acknowledged message once, at its acknowledged seq', {
    skip: notOurs,
  }, async t => {
    const database = emptyDatabase(t)
    const { store } = await openStore(t, database)
    const writer = new Writer('r', store, () => {})
    const acks = new Map<string, number>()
    let running = true
    const senders = Array.from({ length: 10 }, async () => {
      while (running) {
        const client_id = randomUUID()
        acks.set(client_id, await send(writer, client_id))
      }
    })
    for (let kills = 0; kills < 3; kills++) {
      const goal = acks.size + 60
      while (acks.size < goal) await wait(5)
      await ours?.kill()
      await ours?.start()
    }
    running = false
    await Promise.all(senders)
    t.ok(acks.size >= 180)
    await compare(t, store, acks)
  })

  test('while the database hangs every call fails with 503, and calls succeed again when it resumes', {
    skip: notOurs,
  }, async t => {
    const database = emptyDatabase(t)
    const patient = await openStore(t, database)
    // Opening an existing database is faster, but may still take too long.
    let opened: Awaited<ReturnType<typeof openStore>> | undefined
    while (opened === undefined) opened = await openStore(t, database, { timeout_ms: 500 }).catch(() => undefined)
    const { store, log } = opened
    const writer = new Writer('r', store, () => {})
    const acks = new Map([['before', await send(writer, 'before')]])
    log.length = 0
    const pid = ours?.pid() as number
    process.kill(pid, 'SIGSTOP')
    t.teardown(() => process.kill(pid, 'SIGCONT'))
    const unavailable = { code: 'STORE_UNAVAILABLE', statusCode: 503 }
    // A signal takes a moment to stop all of its threads.
    await eventually(() =>
      store.ping().then(
        () => false,
        () => true,
      ),
    )
    await t.rejects(store.ping(), unavailable)
    await t.rejects(store.readHead('r'), unavailable)
    await t.rejects(store.append('r', 1, [message(2, { client_id: 'cut off' })]), unavailable)
    await t.rejects(writer.append(say('hung')), unavailable)
    t.equal(log.filter(line => line.includes('does not respond')).length, 1, 'told once')
    process.kill(pid, 'SIGCONT')
    for (const client_id of ['hung', 'after']) acks.set(client_id, await send(writer, client_id))
    await compare(t, patient.store, acks)
  })

  test('two servers that write to one room leave no gap, agree on the order, and write in batches', async t => {
    const database = emptyDatabase(t)
    const servers = await Promise.all([openStore(t, database), openStore(t, database)])
    const told: StoredEvent[] = []
    const acks = new Map<string, number>()
    await Promise.all(
      servers.flatMap(({ store }, server) => {
        const writer = new Writer('r', store, events => told.push(...events))
        return Array.from({ length: 10 }, async (_, sender) => {
          for (let i = 0; i < 10; i++) {
            const client_id = randomUUID()
            acks.set(client_id, await send(writer, client_id, `user-${server}-${sender}`))
          }
        })
      }),
    )
    const { store } = servers[0]
    t.equal(acks.size, 200)
    t.equal(await store.readHead('r'), 200)
    await compare(t, store, acks)
    t.strictSame(
      told.map(({ seq }) => seq).sort((a, b) => a - b),
      [...acks.values()].sort((a, b) => a - b),
      'each is delivered once',
    )
    const commits = servers
      .flatMap(({ commands }) => commands)
      .filter(({ commandName, command }) => commandName === 'insert' && command.insert === 'events').length
    t.ok(commits < 200, `${commits} commits for 200 messages`)
  })

  /** Inserts events like a server that died right after its insert. */
  async function insertOnly(t: Test, database: string, events: StoredEvent[]) {
    const client = new MongoClient(mongo.uri)
    t.teardown(() => client.close())
    await client
      .db(database)
      .collection('events')
      .insertMany(events.map(event => ({ ...event, user: event.username })))
    return client.db(database)
  }

  test('a room with a first event but no record is completed by the next server that creates it', async t => {
    const database = emptyDatabase(t)
    const { store } = await openStore(t, database)
    const created = message(1, { type: 'created', username: 'ann', data: settings })
    await insertOnly(t, database, [created])
    t.equal(await store.readRoom('r'), null)
    const record = {
      id: 'r',
      ...settings,
      indexed_seq: 1,
      owner: 'bob',
      member_count: 1,
      created_at: created.created_at,
    }
    await t.rejects(
      store.createRoom(
        { ...record, name: 'Other', deleted: false, slow_mode_s: 0, ...KEEPS_ALL },
        message(1, { type: 'created' }),
      ),
      Conflict,
    )
    t.match(await store.readRoom('r'), { name: 'Room', owner: 'ann', member_count: 1 })
    t.match(await store.readMember('r', 'ann'), { seq: 1, is_member: true })
  })

  test('events appended by a dead server are in every result, and its lease expires soon', async t => {
    const database = emptyDatabase(t)
    const { store } = await openStore(t, database)
    const { created_at } = message(1)
    const record = {
      id: 'r',
      ...settings,
      indexed_seq: 1,
      owner: 'ann',
      member_count: 1,
      created_at,
      deleted: false,
      slow_mode_s: 0,
      ...KEEPS_ALL,
    }
    await store.createRoom(record, message(1, { type: 'created', data: settings }))
    await store.searchTerms('r', ['x'], { before: 9, limit: 9 })
    const db = await insertOnly(t, database, [
      message(2, { text: 'secret' }),
      message(3, { type: 'joined', member: 'bob' }),
      message(4, { type: 'deleted', target: 2 }),
      message(5, { text: 'said' }),
    ])
    await db.collection<{ _id: string }>('leases').insertOne({ _id: 'r', ...{ holder: 'dead', beat: 0 } })
    t.strictSame((await store.readEvents('r', { after: 1, limit: 1 }))[0]?.text, '', 'deleted, though not scrubbed')
    const state = await store.readState('r', ['bob'], Number.MAX_SAFE_INTEGER)
    t.strictSame([state.head, state.events.map(({ seq }) => seq)], [5, [3]])
    t.match(await store.readMember('r', 'bob'), { seq: 3, is_member: true })
    t.match(await store.readRoom('r'), { member_count: 2 })
    t.strictSame((await store.searchTerms('r', ['said'], { before: 9, limit: 9 })).seqs, [5])
    t.strictSame((await store.searchTerms('r', ['secret'], { before: 9, limit: 9 })).seqs, [])
    t.match(await db.collection('events').findOne({ seq: 2 }), { text: '' }, 'and scrubbed now')
  })

  /** Two servers with separate memories of rooms that share only the database. */
  async function twoServers(t: Test) {
    const env = { MONGODB_URI: mongo.uri, MONGODB_DATABASE: emptyDatabase(t) }
    return [await build(t, env), await build(t, env)] as const
  }

  async function users(store: Store, names: string[]) {
    for (const username of names) {
      await store.createUser(newUser(username, 'x'))
    }
  }

  test('of fifty concurrent joins on two servers, a room for ten admits ten', async t => {
    const servers = await twoServers(t)
    const names = Array.from({ length: 50 }, (_, i) => `user-${i}`)
    await users(servers[0].store, ['owner', ...names])
    const room = await servers[0].rooms.create('owner', { name: 'Ten', max_members: 10 })
    const joins = await Promise.allSettled(
      names.map((name, i) => servers[(i % 2) as 0 | 1].rooms.join(room.id, name, undefined)),
    )
    t.equal(joins.filter(({ status }) => status === 'fulfilled').length, 9, 'and the owner')
    for (const join of joins) if (join.status === 'rejected') t.equal(join.reason.code, 'ROOM_FULL')
    for (const { store } of servers) {
      t.equal((await store.listMembers(room.id, { limit: 100 })).length, 10)
      t.equal((await store.readRoom(room.id))?.member_count, 10)
    }
  })

  test('no message of a removed user follows the removal, however a send races with it', async t => {
    const tries = Number(process.env.RACE_TRIES ?? 40)
    const total = { sent: 0, refused: 0 }
    for (let done = 0; done < tries; done += RACES_A_DATABASE) {
      await t.test(`tries ${done + 1} and on`, async t => {
        const figures = await raceRemovals([...(await twoServers(t))], Math.min(RACES_A_DATABASE, tries - done))
        t.match(figures, { behind: 0, untrue: 0 })
        total.sent += figures.sent
        total.refused += figures.refused
      })
    }
    t.comment(`${total.sent} sent, ${total.refused} refused, in ${tries} tries`)
    t.ok(total.sent > 0 && total.refused > 0, 'some came before the removal and some behind it')
  })
}
