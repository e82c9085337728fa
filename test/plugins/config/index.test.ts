import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Fastify from 'fastify'
import { test } from 'tap'
import config, { type Environment, readConfig } from '../../../plugins/config/index.js'
import { temporaryFolder } from '../../support/application.js'

const SECRET = 'a secret of at least 32 characters'

test('without any variable the server is a developer’s, on this machine only', async t => {
  const read = readConfig({})
  t.match(read, { IS_DEV: 'dev', HOST: '127.0.0.1', PORT: 8080, DATA_DIR: './data', JWT_EXPIRY: '24h' })
  t.equal(readConfig({ IS_DEV: 'prod', JWT_SECRET: SECRET }).HOST, '0.0.0.0')
})

test('an empty variable is as good as none, and numbers are read as such', async t => {
  t.equal(readConfig({ PORT: '', JWT_SECRET: ' ' }).PORT, 8080)
  t.equal(readConfig({ PORT: '0' }).PORT, 0)
  t.equal(readConfig({ HOST: 'localhost' }).HOST, 'localhost')
})

test('a list is accepted if each part is valid', async t => {
  const env = { ALLOWED_ORIGINS: 'https://a.example, http://b.example:8080', TRUST_PROXY: '10.0.0.0/8, ::1' }
  t.match(readConfig(env), env)
})

const faults: Record<string, Environment> = {
  PORT: { PORT: '70000' },
  IS_DEV: { IS_DEV: 'production' },
  LOG_LEVEL: { LOG_LEVEL: 'loud' },
  BCRYPT_COST: { BCRYPT_COST: '3' },
  JWT_EXPIRY: { JWT_EXPIRY: 'tomorrow' },
  JWT_SECRET: { JWT_SECRET: 'hush-hush' },
  'JWT_SECRET ': { IS_DEV: 'prod' },
  MONGODB_URI: { MONGODB_URI: 'https://u:hush-hush@db' },
  REDIS_ADDR: { REDIS_ADDR: 'redis:6379', REDIS_PASSWORD: 'hush-hush' },
  'REDIS_ADDR ': { REDIS_ADDR: 'redis', MONGODB_URI: 'mongodb://db' },
  TLS_KEY_FILE: { TLS_CERT_FILE: 'cert.pem' },
  TLS_CERT_FILE: { TLS_KEY_FILE: 'key.pem' },
  ALLOWED_ORIGINS: { ALLOWED_ORIGINS: 'https://a.example/' },
  'ALLOWED_ORIGINS ': { ALLOWED_ORIGINS: '*' },
  TRUST_PROXY: { TRUST_PROXY: 'true' },
  'TRUST_PROXY ': { TRUST_PROXY: '10.0.0.0/33' },
  HEARTBEAT_MS: { HEARTBEAT_MS: '-1' },
}
for (const [name, env] of Object.entries(faults)) {
  test(`a wrong ${name.trim()} is reported in one sentence that names the variable and not its value: ${JSON.stringify(env)}`, async t => {
    try {
      readConfig(env)
      t.fail('it was taken')
    } catch (error) {
      const { message } = error as Error
      t.match(message, name.trim())
      t.notMatch(message, /\n|hush/)
    }
  })
}

async function load(env: Environment) {
  const fastify = Fastify()
  await fastify.register(config, { env })
  return fastify.config
}

test('a developer’s secret is made once, for the owner’s eyes only, and outlives a restart', async t => {
  const DATA_DIR = join(temporaryFolder(t), 'made')
  const first = await load({ DATA_DIR })
  const second = await load({ DATA_DIR })
  t.ok(first.JWT_SECRET.length >= 32)
  t.equal(second.JWT_SECRET, first.JWT_SECRET)
  t.equal(readFileSync(join(DATA_DIR, 'jwt-secret'), 'utf8'), first.JWT_SECRET)
  t.equal(statSync(join(DATA_DIR, 'jwt-secret')).mode & 0o777, 0o600)
  const other = await load({ DATA_DIR: temporaryFolder(t) })
  t.not(other.JWT_SECRET, first.JWT_SECRET)
})

test('a configured secret is used, and none is generated', async t => {
  const DATA_DIR = temporaryFolder(t)
  const config = await load({ DATA_DIR, JWT_SECRET: SECRET })
  t.equal(config.JWT_SECRET, SECRET)
  t.throws(() => statSync(join(DATA_DIR, 'jwt-secret')))
})

test('a damaged secret and a folder that cannot be created are reported in one sentence', async t => {
  const DATA_DIR = temporaryFolder(t)
  writeFileSync(join(DATA_DIR, 'jwt-secret'), 'short')
  await t.rejects(load({ DATA_DIR }), { message: /^DATA_DIR holds a jwt-secret that is too short/ })
  await t.rejects(load({ DATA_DIR: join(DATA_DIR, 'jwt-secret') }), {
    message: /^DATA_DIR names a folder that is not writable/,
  })
})

test('an unreadable secret is reported in one sentence', {
  skip: process.getuid?.() === 0 && 'root may read any file',
}, async t => {
  const DATA_DIR = temporaryFolder(t)
  writeFileSync(join(DATA_DIR, 'jwt-secret'), SECRET)
  chmodSync(join(DATA_DIR, 'jwt-secret'), 0)
  await t.rejects(load({ DATA_DIR }), { message: /^DATA_DIR holds a jwt-secret that cannot be read/ })
})
