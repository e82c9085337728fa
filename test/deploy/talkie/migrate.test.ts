import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { MongoClient } from 'mongodb'
import { after, type Test, test } from 'tap'
import { migrate } from '../../../deploy/talkie/migrate.js'
import { openEmbeddedSource } from '../../../plugins/store/embedded/transfer.js'
import type { Store } from '../../../plugins/store/index.js'
import { kinds, openEmbedded, sumOf } from '../../../plugins/store/index.js'
import { openMongo } from '../../../plugins/store/mongo/mongo.js'
import type { StoredEvent } from '../../../schemas/event.js'
import { KEEPS_ALL } from '../../../schemas/wire.js'
import { temporaryFolder } from '../../support/application.js'
import { start } from '../../support/process.js'
import { mongoMissing, startMongo } from '../../support/services.js'

const TALKIE = fileURLToPath(new URL('../../../deploy/talkie/talkie.js', import.meta.url))
/** Migrates, and kills itself once it prints a line with this prefix: `node -e KILLED FROM TO PREFIX`. */
const KILLED = `
  const [from, to, until] = process.argv.slice(1)
  const print = line => line.startsWith(until) && process.kill(process.pid, 'SIGKILL')
  import('${new URL('../../../deploy/talkie/migrate.js', import.meta.url)}').then(({ migrate }) =>
    migrate(from, to, { env: process.env, print }),
  )
`
/** FerretDB on a busy machine may take longer than the server's default timeout. */
const MONGODB_TIMEOUT_MS = '60000'
const NOW = '2026-01-31T09:30:00.000Z'

const missing = mongoMissing()
if (missing) test('migrating a store to MongoDB and back', { skip: missing }, async () => {})
else await run()

/** Creates a room with every type of event. */
async function fill(store: Store, id: string, messages: number, more: Partial<StoredEvent>[] = []) {
  const settings = {
    name: `Room ${id}`,
    description: '점심',
    is_public: id !== 'b',
    max_members: 7,
    password_hash: 'x',
  }
  const base = { room_id: id, username: 'Ann', created_at: NOW }
  const event = (part: Partial<StoredEvent>, i: number): StoredEvent => ({
    type: 'message',
    ...base,
    seq: i + 2,
    client_id: `c${i}`,
    ...part,
  })
  const record = {
    id,
    ...settings,
    indexed_seq: 1,
    owner: 'Ann',
    member_count: 1,
    created_at: NOW,
    deleted: false,
    slow_mode_s: 0,
    ...KEEPS_ALL,
  }
  await store.createRoom(record, { ...base, seq: 1, type: 'created', client_id: 'created', data: settings })
  const parts: Partial<StoredEvent>[] = [
    { type: 'joined', member: 'Bob' },
    { text: 'secret' },
    { text: 'stays', reply_to: 3, username: 'Bob' },
    { type: 'edited', target: 4, text: '안녕하세요', username: 'Bob' },
    { type: 'deleted', target: 3 },
    { type: 'left', member: 'Bob' },
    ...Array.from({ length: messages }, (_, i) => ({ text: `message ${i} 😀` })),
    ...more,
  ]
  const log = parts.map(event)
  for (let i = 0; i < log.length; i += 500) await store.append(id, i + 1, log.slice(i, i + 500))
}

async function sample(folder: string, messages = 20) {
  const store = await openEmbedded(folder, console)
  for (const username of ['Ann', 'Bob', 'cho']) {
    await store.createUser({
      username,
      display_name: `${username} 민지`,
      bio: '',
      avatar_color: '#3366cc',
      status: 'busy',
      created_at: NOW,
      password_hash: 'hash',
      blocked: username === 'cho',
      ...{ generation: 2, kept_session: 's', is_admin: username === 'Ann' },
      ...{ reset_hash: 'x', reset_expires_at: NOW },
      ...(username === 'cho'
        ? { deletion: 'delete' as const, deleted_at: NOW, deletion_done: true }
        : { deletion: null, deleted_at: null, deletion_done: false }),
    })
  }
  await store.createSession({
    ...{ id: 's', username: 'Ann', created_at: NOW, expires_at: NOW },
    ...{ generation: 2, device: 'Firefox · Linux', address: '203.0.113.7', last_seen_at: NOW },
  })
  await fill(store, 'a', messages)
  await fill(store, 'b', 3, [
    { type: 'invited', data: { code_hash: 'hash', max_uses: 2 } },
    { type: 'joined', member: 'cho', username: 'cho', data: { invite: 11 } },
  ])
  await fill(store, 'gone', 3, [{ type: 'room_deleted' }])
  await store.moveMark('Bob', 'a', 4)
  await store.append('_system', 0, [
    {
      room_id: '_system',
      seq: 1,
      type: 'session_ended',
      username: 'Ann',
      client_id: 's',
      created_at: NOW,
      data: { session_id: 's', expires_at: NOW },
    },
  ])
  // The texts of a deleted room are erased after its deletion.
  let gone = await store.readEvents('gone', { after: 0, limit: 100 })
  while (gone.some(({ text }) => text)) gone = await store.readEvents('gone', { after: 0, limit: 100 })
  const { epoch } = store
  await store.close()
  return epoch
}

/** What the store's methods return for the sample. */
async function says(store: Store) {
  return {
    epoch: store.epoch,
    users: await store.listUsers({ limit: 10 }),
    session: await store.readSession('s'),
    rooms: await store.listRooms('ann', { limit: 10 }),
    gone: await store.readRoom('gone'),
    members: await store.listMembers('a', { limit: 10 }),
    invites: [(await store.readRoom('b'))?.invites, await store.listInvites('b', { limit: 10 })],
    left: await store.readMember('a', 'bob'),
    mark: await store.readMark('bob', 'a'),
    log: await store.readEvents('a', { after: 0, limit: 100 }),
    ended: await store.readEvents('_system', { after: 0, limit: 10 }),
    found: (await store.searchTerms('a', ['녕하'], { before: 1000, limit: 10 })).seqs,
    scrubbed: (await store.searchTerms('a', ['secret'], { before: 1000, limit: 10 })).seqs,
  }
}

async function sums(folder: string) {
  const source = openEmbeddedSource(folder)
  try {
    return await Promise.all(kinds.map(kind => sumOf(source, kind)))
  } finally {
    await source.close()
  }
}

async function run() {
  const { uri, stop } = await startMongo()
  after(stop)

  async function emptyDatabase(t: Test) {
    const client = await new MongoClient(uri).connect()
    const MONGODB_DATABASE = `talkie_${randomUUID().slice(0, 8)}`
    t.teardown(async () => {
      await client.db(MONGODB_DATABASE).dropDatabase()
      await client.close()
    })
    return { db: client.db(MONGODB_DATABASE), env: { ...process.env, MONGODB_TIMEOUT_MS, MONGODB_DATABASE } }
  }

  /** Runs the command. @returns its lines and exit code */
  async function command(args: string[], env: NodeJS.ProcessEnv) {
    const child = spawn(process.execPath, [TALKIE, 'migrate', ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] })
    const exited = once(child, 'exit')
    const stdout: string[] = []
    const lines = (async () => {
      for await (const line of createInterface({ input: child.stdout })) stdout.push(line)
    })()
    const errors: string[] = []
    for await (const line of createInterface({ input: child.stderr })) errors.push(line)
    await lines
    const [code] = await exited
    return { stdout, errors, code }
  }

  /** Runs it until it prints a line with this prefix. @returns the signal that ended it */
  async function killed(from: string, to: string, env: NodeJS.ProcessEnv, until: string) {
    const child = spawn(process.execPath, ['-e', KILLED, from, to, until], { env, stdio: 'ignore' })
    return (await once(child, 'exit'))[1]
  }

  test('a store migrated to MongoDB and back is unchanged', async t => {
    const { db, env } = await emptyDatabase(t)
    const [from, back] = [temporaryFolder(t), join(temporaryFolder(t), 'new')]
    const epoch = await sample(from)
    const before = await sums(from)

    const there = await command(['--from', from, '--to', uri], env)
    t.strictSame([there.errors, there.code, there.stdout.at(-1)], [[], 0, 'Done'])
    const mongo = await openMongo(db, console)
    const embedded = await openEmbedded(from, console)
    const expected = await says(embedded)
    t.equal(expected.epoch, epoch)
    t.strictSame(expected.found, [4])
    t.strictSame(await says(mongo), expected)
    await embedded.close()
    await mongo.close()

    await migrate(uri, back, { env, print: () => {} })
    t.strictSame(await sums(back), before, 'no row changed')
    const again = await openEmbedded(back, console)
    t.strictSame(await says(again), expected)
    await again.close()

    const twice = await command(['--from', uri, '--to', back], env)
    t.equal(twice.code, 0)
    t.ok(twice.stdout.includes('The target was already complete'))
  })

  test('a killed migration leaves a target that no server opens, and continues when run again', async t => {
    const { db, env } = await emptyDatabase(t)
    const [from, back] = [temporaryFolder(t), temporaryFolder(t)]
    await sample(from, 800)
    const before = await sums(from)

    t.equal(await killed(from, uri, env, 'sessions'), 'SIGKILL')
    await t.rejects(openMongo(db, console), { message: /half migrated: run the same talkie migrate command again/ })
    t.equal(await killed(from, uri, env, 'events'), 'SIGKILL')
    t.equal((await command(['--from', from, '--to', uri], env)).code, 0)

    t.equal(await killed(uri, back, env, 'sessions'), 'SIGKILL')
    await t.rejects(openEmbedded(back, console), {
      message: /half migrated: run the same talkie migrate command again/,
    })
    t.equal((await command(['--from', uri, '--to', back], env)).code, 0)
    t.strictSame(await sums(back), before)
  })

  test('a failing migration prints one line and changes nothing', async t => {
    const { db, env } = await emptyDatabase(t)
    const [from, other] = [temporaryFolder(t), temporaryFolder(t)]
    await sample(from)
    await sample(other)
    const before = await sums(other)
    async function refused(args: string[], message: RegExp, exit_code = 1, more = {}) {
      const { code, errors } = await command(args, { ...env, ...more })
      t.equal(code, exit_code)
      t.equal(errors.length, 1)
      t.match(errors[0], message)
    }
    await refused([], /--from and --to/, 2)
    await refused(['--from', from, '--to', other], /one must be a folder and the other a MongoDB URI/)
    const nobody = ['--from', from, '--to', 'mongodb://127.0.0.1:1/']
    await refused(nobody, /^Cannot connect to MongoDB: .*(is refused|timed out)/, 1, { MONGODB_TIMEOUT_MS: '100' })
    await refused(['--from', uri, '--to', temporaryFolder(t)], /holds no store/)
    await db.collection('shop').insertOne({ price: 1 })
    await refused(['--from', from, '--to', uri], /holds something else/)
    await db.collection('shop').drop()
    await migrate(from, uri, { env, print: () => {} })
    await refused(['--from', other, '--to', uri], /holds something else/)
    await refused(['--from', uri, '--to', other], /holds another store/)
    t.strictSame(await sums(other), before)
    await db.collection('marks').insertOne({ user: 'cho', room_id: 'a', seq: 9 })
    await refused(['--from', from, '--to', uri], /differs from the source in marks: 5 rows instead of 4/)
    const [empty, none] = [temporaryFolder(t), join(temporaryFolder(t), 'none')]
    for (const folder of [empty, none]) await refused(['--from', folder, '--to', uri], /holds no store/)
    t.strictSame(readdirSync(empty), [])
    t.notOk(existsSync(none), 'a folder that is read is not created')
    const broken = temporaryFolder(t)
    writeFileSync(join(broken, 'talkie.db'), 'no database at all'.repeat(100))
    await refused(['--from', broken, '--to', uri], /cannot be read as a store/)
  })

  test('a migration from MongoDB stops the servers on it, and none starts there until the database is released', async t => {
    const { env } = await emptyDatabase(t)
    const [from, to] = [temporaryFolder(t), join(temporaryFolder(t), 'new')]
    await sample(from)
    await migrate(from, uri, { env, print: () => {} })
    const settings = { ...env, MONGODB_URI: uri, DATA_DIR: temporaryFolder(t), JWT_SECRET: 'x'.repeat(32) }
    const server = start(t, ['build/server.js'], settings)
    await server.says(/listening at/)

    const moved = await command(['--from', uri, '--to', to], env)
    t.strictSame([moved.errors, moved.code, moved.stdout.at(-1)], [[], 0, 'Done'])
    t.equal(await server.ended, 1)
    t.match(server.written.out, /was restored from a backup or migrated/)

    const refused = start(t, ['build/server.js'], settings)
    t.equal(await refused.ended, 1)
    t.match(refused.written.err, /was migrated to another place since .+ run talkie migrate --release/)
    t.match(await command(['--release', uri], env), { code: 0, stdout: [/^Released/] })
    t.match(await command(['--release', uri], env), { code: 1, errors: [/was not marked by a migration/] })
    const again = start(t, ['build/server.js'], settings)
    await again.says(/listening at/)
    again.child.kill('SIGTERM')
    t.equal(await again.ended, 0)
  })
}
