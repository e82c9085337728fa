import { spawnSync } from 'node:child_process'
import { chmodSync, readdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Test, test } from 'tap'
import type { Machine } from '../../../deploy/talkie/doctor/finding.js'
import { checkClock } from '../../../deploy/talkie/doctor/process.js'
import { examine } from '../../../deploy/talkie/doctor.js'
import type { Environment } from '../../../plugins/config/index.js'
import { Sqlite } from '../../../plugins/store/embedded/sqlite.js'
import { build, environment, register, temporaryFolder } from '../../support/application.js'
import { makeCertificate, opensslMissing } from '../../support/certificate.js'
import { run } from '../../support/command.js'
import { redisMissing, startRedis } from '../../support/redis.js'
import { mongoMissing, startMongo } from '../../support/services.js'

const TALKIE = fileURLToPath(new URL('../../../deploy/talkie/talkie.js', import.meta.url))
const SECRET = 'q8Zk3vX1Rw0nJt7YbL5sHc2MfGd9PaUe'

/** A database that does not answer. */
const nobody = { MONGODB_URI: 'mongodb://127.0.0.1:1/', MONGODB_TIMEOUT_MS: '100', PORT: '0', JWT_SECRET: SECRET }

/** A machine on which nothing is wrong. */
const healthy: Machine = {
  node_version: '20.19.0',
  now: Date.now,
  monotonic: () => performance.now(),
  free_bytes: async () => 2 ** 40,
  open_files: () => 65536,
}

/** What a server that is in use leaves, and its environment. */
async function used(t: Test): Promise<Environment> {
  const env = environment(t, { PORT: '0', JWT_SECRET: SECRET })
  const app = await build(t, env)
  await register(app, 'minji')
  await app.close()
  return env
}

/** The one fault or note that is found. */
async function found(t: Test, env: Environment, machine: Partial<Machine> = {}) {
  const findings = (await examine(env, { ...healthy, ...machine })).filter(({ state }) => state !== 'good')
  t.equal(findings.length, 1, JSON.stringify(findings))
  const [finding] = findings
  t.match(finding?.mend, /^[A-Z].{9,}/, 'with what to do')
  return finding
}

test('where nothing is wrong, all is good, in one line each, and nothing is left behind', async t => {
  const env = await used(t)
  const before = readdirSync(env.DATA_DIR as string).sort()
  const findings = await examine(env, healthy)
  t.same(
    findings.map(({ subject, state }) => `${subject} ${state}`),
    ['node', 'clock', 'config', 'secret', 'tls', 'files', 'port', 'folder', 'disk', 'store', 'bus'].map(
      subject => `${subject} good`,
    ),
  )
  t.same(readdirSync(env.DATA_DIR as string).sort(), before)
  const { code, said, complained } = await run(['doctor'], env)
  t.equal(code, 0)
  t.same(complained, [])
  t.ok(said.every(line => /^(good|note) {3}/.test(line) || line.startsWith(' ')))
})

test('an empty environment is good too: a folder will be made', async t => {
  const DATA_DIR = join(temporaryFolder(t), 'a', 'b')
  const findings = await examine({ DATA_DIR, PORT: '0' }, healthy)
  t.ok(findings.every(({ state }) => state === 'good'))
  t.match(findings, [{}, {}, {}, {}, {}, {}, {}, { says: `DATA_DIR ${DATA_DIR} will be made` }])
})

test('while a server runs, its own port and store are no fault', async t => {
  const env = await used(t)
  const app = await build(t, env)
  const { port } = new URL(await app.listen({ host: '127.0.0.1', port: 0 }))
  const findings = await examine({ ...env, PORT: port }, healthy)
  t.same(
    findings.filter(({ state }) => state !== 'good'),
    [],
  )
  t.match(
    findings.find(({ subject }) => subject === 'port'),
    { says: `a server of this kind listens at ${port} of 127.0.0.1` },
  )
})

test('a wrong variable', async t => {
  const finding = await found(t, { PORT: 'http' })
  t.match(finding, { state: 'fault', subject: 'config', says: /^PORT must be integer/, mend: /configuration\.md/ })
})

test('a secret that can be guessed', async t => {
  for (const JWT_SECRET of [
    'x'.repeat(40),
    'please-change-me-before-production!',
    'abcabcabcabcabcabcabcabcabcabcabc',
  ]) {
    const finding = await found(t, environment(t, { PORT: '0', JWT_SECRET }))
    t.match(finding, { state: 'fault', subject: 'secret', mend: /openssl rand -base64 32/ })
    t.notMatch(JSON.stringify(finding), JWT_SECRET)
  }
})

test('TLS files: of two pairs, missing, expired, soon to expire', { skip: opensslMissing }, async t => {
  const env = await used(t)
  const [one, other] = [makeCertificate(t, 90), makeCertificate(t, 90)]
  t.equal((await examine({ ...env, ...one }, healthy)).filter(({ state }) => state !== 'good').length, 0)
  const mixed = { ...one, TLS_KEY_FILE: other.TLS_KEY_FILE }
  t.match(await found(t, { ...env, ...mixed }), {
    state: 'fault',
    says: /the key that belongs to it$/,
    mend: /both files/,
  })
  const missing = { ...one, TLS_KEY_FILE: '/nowhere' }
  t.match(await found(t, { ...env, ...missing }), { state: 'fault', says: /^TLS_KEY_FILE .*ENOENT$/ })
  t.match(await found(t, { ...env, ...makeCertificate(t, -1) }), {
    state: 'fault',
    says: /has expired/,
    mend: /^Renew/,
  })
  t.match(await found(t, { ...env, ...makeCertificate(t, 5) }), {
    state: 'note',
    says: /expires in [45] days/,
    mend: /^Renew/,
  })
  t.match(await found(t, { ...env, IS_DEV: 'prod' }), { state: 'note', subject: 'tls', mend: /TRUST_PROXY/ })
})

test('a port that another process has, and an address of elsewhere', async t => {
  const env = await used(t)
  const other = createServer(socket => socket.end('SSH-2.0\r\n')).listen(0, '127.0.0.1')
  t.after(() => other.close())
  await new Promise(resolve => other.once('listening', resolve))
  const { port } = other.address() as { port: number }
  const taken = await found(t, { ...env, PORT: String(port) })
  t.match(taken, { state: 'fault', subject: 'port', says: `PORT ${port} of 127.0.0.1 is in use by another process` })
  t.match(await found(t, { ...env, HOST: '192.0.2.1' }), { state: 'fault', says: /^HOST 192.0.2.1 is no address/ })
})

test('too few open files', async t => {
  const env = await used(t)
  const { stdout, status } = spawnSync(
    'sh',
    ['-c', 'ulimit -n 600 && exec "$0" "$1" doctor', process.execPath, TALKIE],
    {
      env: { ...env, PATH: process.env.PATH },
      encoding: 'utf8',
    },
  )
  t.equal(status, 1)
  t.match(stdout, /^fault {2}files +a process may open 600 files, fewer than 1000 sockets/m)
  t.match(stdout, /→ Raise it: LimitNOFILE=65536/)
  t.match(await found(t, env, { open_files: () => 4096 }), { state: 'note', subject: 'files' })
})

test('a DATA_DIR that is a file', async t => {
  const DATA_DIR = join(temporaryFolder(t), 'file')
  writeFileSync(DATA_DIR, '')
  const finding = await found(t, { DATA_DIR, PORT: '0' })
  t.match(finding, { state: 'fault', subject: 'folder', says: /cannot be written \(ENOTDIR\)$/, mend: /^Set DATA_DIR/ })
})

test('a DATA_DIR that is read-only', { skip: process.getuid?.() === 0 && 'root may write anywhere' }, async t => {
  const env = await used(t)
  chmodSync(env.DATA_DIR as string, 0o500)
  t.after(() => chmodSync(env.DATA_DIR as string, 0o700))
  t.match(await found(t, env), { state: 'fault', subject: 'folder', says: /EACCES/ })
})

test('a store of another version, a damaged one, a log with a hole', async t => {
  const spoil = async (sql: string) => {
    const env = await used(t)
    const db = new Sqlite(join(env.DATA_DIR as string, 'talkie.db'), 0)
    db.run(sql)
    db.close()
    return found(t, env)
  }
  t.match(await spoil("update meta set value = '1' where name = 'schema_version'"), {
    state: 'fault',
    says: /has schema version 1, and this program reads \d+ only$/,
    mend: /^Run the version/,
  })
  t.match(await spoil("update events set seq = 3 where room_id = 'default'"), {
    state: 'fault',
    says: 'the log of room default has a hole',
    mend: /talkie restore/,
  })
  t.match(await spoil("delete from events where room_id = 'default'"), { says: 'the log of room default has a hole' })
  const env = await used(t)
  writeFileSync(join(env.DATA_DIR as string, 'talkie.db'), 'no database '.repeat(1000))
  t.match(await found(t, env), { state: 'fault', subject: 'store', says: /cannot be read/, mend: /^Restore a backup/ })
})

test('a disk that is nearly full', async t => {
  const finding = await found(t, await used(t), { free_bytes: async () => 300 * 1024 ** 2 })
  t.match(finding, { state: 'fault', subject: 'disk', says: /^0\.3 GiB are free/, mend: /^Make room/ })
})

test('a Node that is too old', async t => {
  const env = await used(t)
  for (const node_version of ['18.20.4', '20.18.1']) {
    t.match(await found(t, env, { node_version }), { state: 'fault', subject: 'node', mend: /^Install Node/ })
  }
  for (const node_version of ['20.19.0', '22.1.0']) {
    t.ok((await examine(env, { ...healthy, node_version })).every(({ state }) => state === 'good'))
  }
})

test('a clock that is set while it is watched, and one that never was', async t => {
  const env = await used(t)
  let calls = 0
  const stepping = { now: () => Date.now() - (calls++ > 0 ? 3_600_000 : 0) }
  t.match(await found(t, env, stepping), { state: 'fault', subject: 'clock', says: /set by -3\d{6} ms/, mend: /NTP/ })
  const [finding] = (await examine(env, { ...healthy, now: () => 0 })).filter(({ state }) => state === 'fault')
  t.match(finding, { subject: 'clock', says: /^the clock says 1970/ })
})

test('a clock that is right on a machine that stands still while it is read', async t => {
  for (let still = 0; still < 6; still++) {
    let at_ms = Date.now()
    let reads = 0
    const read = () => {
      if (reads++ === still) at_ms += 700
      return at_ms
    }
    t.match(await checkClock({ ...healthy, now: read, monotonic: read }), { state: 'good' }, `before read ${still}`)
  }
})

test('a database and a Redis that do not answer', async t => {
  const env = { ...nobody, REDIS_ADDR: '127.0.0.1:1' }
  const faults = (await examine(env, healthy)).filter(({ state }) => state !== 'good')
  t.match(faults, [
    { state: 'fault', subject: 'store', says: /does not answer/, mend: /MONGODB_URI/ },
    { state: 'fault', subject: 'bus', says: /^Redis at 127.0.0.1:1 does not serve/, mend: /REDIS_ADDR/ },
  ])
})

test('a Redis that serves, one whose clock is another, one that wants a password', { skip: redisMissing }, async t => {
  const redis = await startRedis(t)
  const env = { ...nobody, REDIS_ADDR: redis.address }
  const bus = async (machine: Machine) => (await examine(env, machine)).filter(({ subject }) => subject === 'bus')
  t.match(await bus(healthy), [
    { state: 'good', says: /brings messages back/ },
    { state: 'good', says: /agrees/ },
  ])
  const behind = { ...healthy, now: () => Date.now() - 90_000 }
  t.match(await bus(behind), [{ state: 'good' }, { state: 'fault', says: /differs from ours by 90 s$/, mend: /NTP/ }])
  await redis.admin().config('SET', 'requirepass', 'open sesame')
  t.match(await bus(healthy), [{ state: 'fault', says: /NOAUTH|does not serve/, mend: /REDIS_PASSWORD/ }])
})

test('a MongoDB that serves, and a log with a hole', { skip: mongoMissing() }, async t => {
  const { uri, stop } = await startMongo()
  t.after(stop)
  const env = environment(t, { MONGODB_URI: uri, MONGODB_DATABASE: 'doctor', PORT: '0', JWT_SECRET: SECRET })
  const app = await build(t, env)
  await register(app, 'minji')
  await app.close()
  const store = async () => (await examine(env, healthy)).filter(({ subject }) => subject === 'store')
  t.match(await store(), [
    { state: 'good', says: /takes durable writes; the logs of 1 rooms/ },
    { state: 'good', says: /agrees/ },
  ])
  const { MongoClient } = await import('mongodb')
  const client = await new MongoClient(uri).connect()
  await client
    .db('doctor')
    .collection('events')
    .updateOne({ room_id: 'default', seq: 1 }, { $set: { seq: 2 } })
  await client.close()
  t.match((await store())[0], { state: 'fault', says: 'the log of room default has a hole', mend: /restore --epoch/ })
})
