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

/** A MongoDB that does not answer. */
const nobody = { MONGODB_URI: 'mongodb://127.0.0.1:1/', MONGODB_TIMEOUT_MS: '100', PORT: '0', JWT_SECRET: SECRET }

/** A machine without problems. */
const healthy: Machine = {
  node_version: '20.19.0',
  now: Date.now,
  monotonic: () => performance.now(),
  free_bytes: async () => 2 ** 40,
  open_files: () => 65536,
}

/** The environment of a server that has been used. */
async function used(t: Test): Promise<Environment> {
  const env = environment(t, { PORT: '0', JWT_SECRET: SECRET })
  const app = await build(t, env)
  await register(app, 'minji')
  await app.close()
  return env
}

/** The only finding that is not ok. */
async function found(t: Test, env: Environment, machine: Partial<Machine> = {}) {
  const findings = (await examine(env, { ...healthy, ...machine })).filter(({ state }) => state !== 'ok')
  t.equal(findings.length, 1, JSON.stringify(findings))
  const [finding] = findings
  t.match(finding?.fix, /^[A-Z].{9,}/, 'says how to fix it')
  return finding
}

test('on a healthy machine every check is ok, prints one line and leaves no file', async t => {
  const env = await used(t)
  const before = readdirSync(env.DATA_DIR as string).sort()
  const findings = await examine(env, healthy)
  t.same(
    findings.map(({ subject, state }) => `${subject} ${state}`),
    ['node', 'clock', 'config', 'secret', 'tls', 'hosts', 'files', 'port', 'folder', 'disk', 'store', 'bus'].map(
      subject => `${subject} ok`,
    ),
  )
  t.same(readdirSync(env.DATA_DIR as string).sort(), before)
  const { code, stdout, stderr } = await run(['doctor'], env)
  t.equal(code, 0)
  t.same(stderr, [])
  t.ok(stdout.every(line => /^(ok|warn) +/.test(line) || line.startsWith(' ')))
})

test('an empty environment is ok: the folder will be created', async t => {
  const DATA_DIR = join(temporaryFolder(t), 'a', 'b')
  const findings = await examine({ DATA_DIR, PORT: '0' }, healthy)
  t.ok(findings.every(({ state }) => state === 'ok'))
  t.match(findings, [{}, {}, {}, {}, {}, {}, {}, {}, { message: `DATA_DIR ${DATA_DIR} will be created` }])
})

test('a folder that other users can read is a warning', async t => {
  const env = await used(t)
  chmodSync(env.DATA_DIR as string, 0o755)
  t.match(await found(t, env), { state: 'warn', subject: 'folder', fix: /^Run: chmod -R go= / })
})

test('the port and the store of a running server are ok', async t => {
  const env = await used(t)
  const app = await build(t, env)
  const { port } = new URL(await app.listen({ host: '127.0.0.1', port: 0 }))
  const findings = await examine({ ...env, PORT: port }, healthy)
  t.same(
    findings.filter(({ state }) => state !== 'ok'),
    [],
  )
  t.match(
    findings.find(({ subject }) => subject === 'port'),
    { message: `this server already listens on port ${port} of 127.0.0.1` },
  )
})

test('doctor reports an invalid variable', async t => {
  const finding = await found(t, { PORT: 'http' })
  t.match(finding, { state: 'fail', subject: 'config', message: /^PORT must be integer/, fix: /configuration\.md/ })
})

test('doctor reports a guessable secret', async t => {
  for (const JWT_SECRET of [
    'x'.repeat(40),
    'please-change-me-before-production!',
    'abcabcabcabcabcabcabcabcabcabcabc',
  ]) {
    const finding = await found(t, environment(t, { PORT: '0', JWT_SECRET }))
    t.match(finding, { state: 'fail', subject: 'secret', fix: /openssl rand -base64 32/ })
    t.notMatch(JSON.stringify(finding), JWT_SECRET)
  }
})

test('doctor reports TLS files that do not match, are missing, or expire', { skip: opensslMissing }, async t => {
  const env = await used(t)
  const [one, other] = [makeCertificate(t, 90), makeCertificate(t, 90)]
  t.equal((await examine({ ...env, ...one }, healthy)).filter(({ state }) => state !== 'ok').length, 0)
  const mixed = { ...one, TLS_KEY_FILE: other.TLS_KEY_FILE }
  t.match(await found(t, { ...env, ...mixed }), {
    state: 'fail',
    message: /and its key$/,
    fix: /files of one certificate/,
  })
  const missing = { ...one, TLS_KEY_FILE: '/nowhere' }
  t.match(await found(t, { ...env, ...missing }), { state: 'fail', message: /^TLS_KEY_FILE .*: it does not exist$/ })
  t.match(await found(t, { ...env, ...makeCertificate(t, -1) }), {
    state: 'fail',
    message: /expired on/,
    fix: /^Renew/,
  })
  t.match(await found(t, { ...env, ...makeCertificate(t, 5) }), {
    state: 'warn',
    message: /expires in [45] days/,
    fix: /^Renew/,
  })
  t.match(await found(t, { ...env, IS_DEV: 'prod' }), { state: 'warn', subject: 'tls', fix: /TRUST_PROXY/ })
})

test('doctor reports a port in use and an address of another machine', async t => {
  const env = await used(t)
  const other = createServer(socket => socket.end('SSH-2.0\r\n')).listen(0, '127.0.0.1')
  t.after(() => other.close())
  await new Promise(resolve => other.once('listening', resolve))
  const { port } = other.address() as { port: number }
  const taken = await found(t, { ...env, PORT: String(port) })
  t.match(taken, { state: 'fail', subject: 'port', message: `PORT ${port} on 127.0.0.1 is in use by another program` })
  t.match(await found(t, { ...env, HOST: '192.0.2.1' }), {
    state: 'fail',
    message: /^HOST 192.0.2.1 is not an address/,
  })
})

test('doctor reports a low open-file limit', async t => {
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
  t.match(stdout, /^fail +files +the open-file limit is 600, fewer than 1000 sockets/m)
  t.match(stdout, /→ Raise it: LimitNOFILE=65536/)
  t.match(await found(t, env, { open_files: () => 4096 }), { state: 'warn', subject: 'files' })
})

test('doctor reports a DATA_DIR that is a file', async t => {
  const DATA_DIR = join(temporaryFolder(t), 'file')
  writeFileSync(DATA_DIR, '')
  const finding = await found(t, { DATA_DIR, PORT: '0' })
  t.match(finding, {
    state: 'fail',
    subject: 'folder',
    message: /is not writable: .*: a part of its path is not a folder$/,
    fix: /^Set DATA_DIR/,
  })
})

test('doctor reports a read-only DATA_DIR', {
  skip: process.getuid?.() === 0 && 'root can write to read-only folders',
}, async t => {
  const env = await used(t)
  chmodSync(env.DATA_DIR as string, 0o500)
  t.after(() => chmodSync(env.DATA_DIR as string, 0o700))
  t.match(await found(t, env), { state: 'fail', subject: 'folder', message: /permission denied|EACCES/ })
})

test('doctor reports another schema version, a damaged store, and a log with a gap', async t => {
  const spoil = async (sql: string) => {
    const env = await used(t)
    const db = new Sqlite(join(env.DATA_DIR as string, 'talkie.db'), 0)
    db.run(sql)
    db.close()
    return found(t, env)
  }
  t.match(await spoil("update meta set value = '1' where name = 'schema_version'"), {
    state: 'fail',
    message: /has schema version 1, but this version needs \d+$/,
    fix: /^Run the server version/,
  })
  t.match(await spoil("update events set seq = 3 where room_id = 'default'"), {
    state: 'fail',
    message: 'events are missing in the log of room default',
    fix: /talkie restore/,
  })
  t.match(await spoil("delete from events where room_id = 'default'"), {
    message: 'events are missing in the log of room default',
  })
  const env = await used(t)
  writeFileSync(join(env.DATA_DIR as string, 'talkie.db'), 'no database '.repeat(1000))
  t.match(await found(t, env), { state: 'fail', subject: 'store', message: /cannot be read/, fix: /^Restore a backup/ })
})

test('doctor reports a nearly full disk', async t => {
  const finding = await found(t, await used(t), { free_bytes: async () => 300 * 1024 ** 2 })
  t.match(finding, { state: 'fail', subject: 'disk', message: /^only 0\.3 GiB free/, fix: /^Free at least/ })
})

test('doctor reports a Node version that is too old', async t => {
  const env = await used(t)
  for (const node_version of ['18.20.4', '20.18.1']) {
    t.match(await found(t, env, { node_version }), { state: 'fail', subject: 'node', fix: /^Install Node/ })
  }
  for (const node_version of ['20.19.0', '22.1.0']) {
    t.ok((await examine(env, { ...healthy, node_version })).every(({ state }) => state === 'ok'))
  }
})

test('doctor reports a clock that jumps and a clock that was never set', async t => {
  const env = await used(t)
  let calls = 0
  const stepping = { now: () => Date.now() - (calls++ > 0 ? 3_600_000 : 0) }
  t.match(await found(t, env, stepping), {
    state: 'fail',
    subject: 'clock',
    message: /jumped by -3\d{6} ms/,
    fix: /NTP/,
  })
  const [finding] = (await examine(env, { ...healthy, now: () => 0 })).filter(({ state }) => state === 'fail')
  t.match(finding, { subject: 'clock', message: /^the clock was never set: it shows 1970/ })
})

test('a process that pauses during the clock check is not a clock problem', async t => {
  for (let still = 0; still < 6; still++) {
    let at_ms = Date.now()
    let reads = 0
    const read = () => {
      if (reads++ === still) at_ms += 700
      return at_ms
    }
    t.match(await checkClock({ ...healthy, now: read, monotonic: read }), { state: 'ok' }, `before read ${still}`)
  }
})

test('doctor reports a MongoDB and a Redis that do not answer', async t => {
  const env = { ...nobody, REDIS_ADDR: '127.0.0.1:1' }
  const failures = (await examine(env, healthy)).filter(({ state }) => state !== 'ok')
  t.match(failures, [
    { state: 'fail', subject: 'store', message: /^Cannot connect to MongoDB/, fix: /MONGODB_URI/ },
    { state: 'fail', subject: 'bus', message: /^Redis at 127.0.0.1:1 is not usable/, fix: /REDIS_ADDR/ },
  ])
})

test('doctor reports a Redis whose clock differs or that needs a password', { skip: redisMissing }, async t => {
  const redis = await startRedis(t)
  const env = { ...nobody, REDIS_ADDR: redis.address }
  const bus = async (machine: Machine) => (await examine(env, machine)).filter(({ subject }) => subject === 'bus')
  t.match(await bus(healthy), [
    { state: 'ok', message: /delivers messages/ },
    { state: 'ok', message: /agrees/ },
  ])
  const behind = { ...healthy, now: () => Date.now() - 90_000 }
  t.match(await bus(behind), [
    { state: 'ok' },
    { state: 'fail', message: /differs from this machine by 90 s$/, fix: /NTP/ },
  ])
  await redis.admin().config('SET', 'requirepass', 'open sesame')
  t.match(await bus(healthy), [{ state: 'fail', message: /NOAUTH|is not usable/, fix: /REDIS_PASSWORD/ }])
})

test('doctor reports a gap in a log in MongoDB', { skip: mongoMissing() }, async t => {
  const { uri, stop } = await startMongo()
  t.after(stop)
  const env = environment(t, { MONGODB_URI: uri, MONGODB_DATABASE: 'doctor', PORT: '0', JWT_SECRET: SECRET })
  const app = await build(t, env)
  await register(app, 'minji')
  await app.close()
  const store = async () => (await examine(env, healthy)).filter(({ subject }) => subject === 'store')
  t.match(await store(), [
    { state: 'ok', message: /accepts durable writes; no gaps in the logs of 1 sampled rooms/ },
    { state: 'ok', message: /agrees/ },
  ])
  const { MongoClient } = await import('mongodb')
  const client = await new MongoClient(uri).connect()
  await client
    .db('doctor')
    .collection('events')
    .updateOne({ room_id: 'default', seq: 1 }, { $set: { seq: 2 } })
  await client.close()
  t.match((await store())[0], {
    state: 'fail',
    message: 'events are missing in the log of room default',
    fix: /restore --epoch/,
  })
})
