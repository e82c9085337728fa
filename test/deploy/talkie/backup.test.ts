import { execFile } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type Test, test } from 'tap'
import { WebSocket } from 'ws'
import { readHistory } from '../../../bench/replay/history.js'
import type { Environment } from '../../../plugins/config/index.js'
import { Sqlite } from '../../../plugins/store/embedded/sqlite.js'
import { openEmbedded } from '../../../plugins/store/index.js'
import {
  type Connection,
  createConnection,
  createHttp,
  type Http,
  type SocketConstructor,
} from '../../../static/client/index.js'
import { build, environment, PASSWORD, register, temporaryFolder } from '../../support/application.js'
import { run } from '../../support/command.js'
import { eventually } from '../../support/eventually.js'
import { freePort } from '../../support/port.js'
import { start } from '../../support/process.js'

const TALKIE = fileURLToPath(new URL('../../../deploy/talkie/talkie.js', import.meta.url))
const talkie = promisify(execFile)

/** A client's view of a room: it loads the history at the start and then applies each event. */
function watch(connection: Connection, http: Http) {
  const seen = new Map<number, string>()
  const starts: { seq: number; epoch: string }[] = []
  let loading: Promise<void> = Promise.resolve()
  connection.subscribe('default', {
    start(seq, epoch) {
      starts.push({ seq, epoch })
      seen.clear()
      loading = readHistory(http, 'default').then(messages => {
        for (const { id, text } of messages) seen.set(id, text)
      })
    },
    event(event) {
      if (event.type === 'message') seen.set(event.seq, event.text)
    },
  })
  return { seen, starts, loaded: () => loading }
}

test('a backup during writes is a snapshot; after its restore a connected client has exactly the restored state', async t => {
  const DATA_DIR = join(temporaryFolder(t), 'data')
  const copy = join(temporaryFolder(t), 'copy.db')
  const port = String(await freePort())
  const env = { ...environment(t, { DATA_DIR, JWT_SECRET: 'a secret of at least 32 characters' }), PORT: port }
  const base_url = `http://127.0.0.1:${port}`
  const serve = async () => {
    const server = start(t, ['build/server.js'], { ...(env as Record<string, string>), LOG_LEVEL: 'info' })
    await server.says(/listening/)
    return server
  }
  const first = await serve()
  const account = { username: 'minji', password: PASSWORD }
  let { token } = await createHttp({ base_url }).register(account)
  const http = createHttp({ base_url, token: () => token })
  const states: string[] = []
  let closed = () => {}
  const connection = createConnection({
    base_url,
    WebSocket: WebSocket as unknown as SocketConstructor,
    token: () => token,
    backoff: { base_ms: 20, cap_ms: 200 },
    on_state(state) {
      states.push(state.name)
      if (state.name === 'closed') closed()
    },
  })
  t.after(() => connection.close())
  const watched = watch(connection, http)

  const acked: { text: string; seq: number }[] = []
  const say = async (text: string) => acked.push({ text, seq: (await connection.send('default', text).ack).seq })
  for (let n = 0; n < 20; n++) await say(`before ${n}`)
  const sure = acked.length
  let over = false
  const backup = talkie(process.execPath, [TALKIE, 'backup', copy], { env: { ...env, PATH: process.env.PATH } })
  backup.finally(() => {
    over = true
  })
  while (!over) await say(`during ${acked.length}`)
  t.match((await backup).stdout, /^Backed up to .*: 1 users, 1 rooms, \d+ events; verified\n$/)
  t.ok(acked.length > sure, 'the server kept writing')
  const possible = acked.length
  for (let n = 0; n < 20; n++) await say(`after ${n}`)

  first.child.kill('SIGTERM')
  await first.ended
  renameSync(DATA_DIR, `${DATA_DIR}.old`)
  t.match(await run(['restore', copy], env), { code: 0, stdout: [/^Restored 1 users, 1 rooms, \d+ events; verified/] })
  const ended = new Promise<void>(resolve => {
    closed = resolve
  })
  await serve()
  await ended
  t.match(connection.state, { name: 'closed', next: 'login' }, 'the restore ended its session')
  token = (await createHttp({ base_url }).login(account)).token
  // Another user's messages take the seqs of the lost ones, and more.
  const lost = acked.at(-1) as { seq: number }
  const other = createHttp({ base_url, token: () => bob })
  const bob = (await createHttp({ base_url }).register({ username: 'bob', password: PASSWORD })).token
  while ((await other.send('default', { text: 'new' })).id <= lost.seq);
  connection.connect()
  await say('at last')
  const last = acked.at(-1) as { seq: number }
  await eventually(() => watched.seen.has(last.seq))
  await watched.loaded()

  const [was, is] = watched.starts
  t.equal(watched.starts.length, 2, 'it was reset once')
  t.not(is?.epoch, was?.epoch)
  const history = await readHistory(http, 'default')
  t.same(
    [...watched.seen].sort(([a], [b]) => a - b),
    history.map(({ id, text }) => [id, text]),
    'the client has what the server has',
  )
  const kept = history.filter(({ username }) => username === 'minji').slice(0, -1)
  t.same(
    kept.map(({ id, text }) => ({ text, seq: id })),
    acked.slice(0, kept.length),
    'the backup is a prefix of the acknowledged messages',
  )
  t.ok(
    kept.length >= sure && kept.length <= possible,
    'it has every message acknowledged before it began, and none sent after it ended',
  )
})

/** A store with a user, a session and messages in a room. */
async function filled(t: Test): Promise<Environment> {
  const env = environment(t)
  const app = await build(t, env)
  const { headers } = await register(app, 'minji')
  for (const text of ['one', 'two']) {
    await app.inject({ method: 'POST', url: '/rooms/default/messages', headers, payload: { text } })
  }
  await app.close()
  return env
}

test('a backup of the store of a killed server is complete', async t => {
  const env = environment(t)
  const server = start(t, ['build/server.js'], { DATA_DIR: env.DATA_DIR as string })
  const [, base_url = ''] = await server.says(/listening at (http:\S+)/)
  const { token } = await createHttp({ base_url }).register({ username: 'minji', password: PASSWORD })
  await createHttp({ base_url, token: () => token }).send('default', { text: 'hello' })
  server.child.kill('SIGKILL')
  await server.ended
  const file = join(temporaryFolder(t), 'copy.db')
  t.match(await run(['backup', file], env), {
    code: 0,
    stdout: [`Backed up to ${file}: 1 users, 1 rooms, 2 events; verified`],
  })
  t.equal(statSync(file).mode & 0o777, 0o600, 'only its owner can read it')
})

test('restore and restore --epoch end all sessions and renew the epoch', async t => {
  const env = await filled(t)
  const file = join(temporaryFolder(t), 'copy.db')
  await run(['backup', file], env)
  const restored = { ...env, DATA_DIR: join(temporaryFolder(t), 'new') }
  // Leftovers of a killed restore do not prevent the next one.
  mkdirSync(restored.DATA_DIR)
  for (const name of ['restore.part', 'restore.part-wal']) writeFileSync(join(restored.DATA_DIR, name), 'half')
  t.match(await run(['restore', file], restored), { code: 0 })
  const epochs = new Set<string>()
  async function look({ DATA_DIR = '' }: Environment, sessions: number) {
    const store = await openEmbedded(DATA_DIR, console)
    epochs.add(store.epoch)
    t.equal((await store.listSessions('minji', { limit: 10 })).length, sessions)
    t.equal(await store.readHead('default'), 3)
    await store.close()
  }
  await look(env, 1)
  await look(restored, 0)
  t.match(await run(['restore', '--epoch'], env), {
    code: 0,
    stdout: [/^Restored 1 users, 1 rooms, 3 events; verified/],
  })
  await look(env, 0)
  t.equal(epochs.size, 3)
})

test('a failing backup prints one line and leaves no file', async t => {
  const env = await filled(t)
  const folder = temporaryFolder(t)
  const file = join(folder, 'copy.db')
  const refused = async (more: Environment, line: RegExp, target = file) => {
    t.match(await run(['backup', target], { ...env, ...more }), { code: 1, stdout: [], stderr: [line] })
  }
  await refused({ DATA_DIR: folder }, /holds no store$/)
  await refused({ MONGODB_URI: 'mongodb://127.0.0.1/' }, /mongodump/)
  await refused({}, /^Folder not found: .*nowhere$/, join(folder, 'nowhere', 'copy.db'))
  const db = new Sqlite(join(env.DATA_DIR as string, 'talkie.db'), 0)
  db.run("delete from events where room_id = 'default' and seq = 2")
  db.close()
  await refused({}, /cannot be copied to .*: the log of room default has a gap$/)
  t.same(readdirSync(folder), [])
  writeFileSync(file, 'mine')
  await refused({}, /already exists: choose another name$/)
})

test('the next start and the next restore remove the files of a killed restore', async t => {
  const env = environment(t)
  const DATA_DIR = env.DATA_DIR as string
  const file = join(temporaryFolder(t), 'backup.db')
  const leave = () =>
    ['', '-wal', '-journal'].map(ending => writeFileSync(join(DATA_DIR, `restore.part${ending}`), 'x'))
  const left = () => readdirSync(DATA_DIR).filter(name => name.startsWith('restore.part'))
  await (await build(t, env)).close()
  t.equal((await run(['backup', file], env)).code, 0)

  leave()
  await (await build(t, env)).close()
  t.strictSame(left(), [])
  for (const name of readdirSync(DATA_DIR)) if (name.startsWith('talkie.db')) rmSync(join(DATA_DIR, name))
  leave()
  t.match(await run(['restore', file], env), { code: 0 })
  t.strictSame(left(), [])
})

test('a failing restore prints one line and leaves no store', async t => {
  const env = await filled(t)
  const file = join(temporaryFolder(t), 'copy.db')
  await run(['backup', file], env)
  const DATA_DIR = join(temporaryFolder(t), 'new')
  const refused = async (source: string, line: RegExp, more: Environment = {}) => {
    t.match(await run(['restore', source], { ...env, DATA_DIR, ...more }), { code: 1, stdout: [], stderr: [line] })
    t.notOk(existsSync(join(DATA_DIR, 'talkie.db')))
  }
  /** A damaged copy of the backup. */
  const spoilt = (name: string, spoil: (path: string) => void) => {
    const path = join(temporaryFolder(t), name)
    copyFileSync(file, path)
    spoil(path)
    return path
  }
  const changed = (sql: string) =>
    spoilt('changed.db', path => {
      const db = new Sqlite(path, 0)
      db.run(sql)
      db.close()
    })
  await refused('/nowhere/copy.db', /^File not found: /)
  await refused(file, /is in MongoDB .*mongorestore/, { MONGODB_URI: 'mongodb://127.0.0.1/' })
  await refused(
    spoilt('text', path => writeFileSync(path, 'no database at all '.repeat(500))),
    /cannot be restored to .*: it is not a database$/,
  )
  await refused(
    spoilt('cut', path => writeFileSync(path, '')),
    /cannot be restored to .*: it is not a database of this server/,
  )
  await refused(changed("update meta set value = '1' where name = 'schema_version'"), /its schema version is 1/)
  await refused(changed('delete from events where seq = 1'), /the log of room default has a gap$/)
  t.match(await run(['restore', file], env), {
    code: 1,
    stderr: [/is not empty \(talkie.db\): move it away, as by mv /],
  })

  const { says } = start(t, ['build/server.js'], { DATA_DIR })
  await says(/listening/)
  t.match(await run(['restore', file], { ...env, DATA_DIR }), { code: 1, stderr: [/in use by another process$/] })
  t.match(await run(['restore', '--epoch'], { ...env, DATA_DIR }), {
    code: 1,
    stderr: [/in use by another process$/],
  })
})
