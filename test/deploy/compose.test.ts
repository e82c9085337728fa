import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { test } from 'tap'
import { parse } from 'yaml'
import { readConfig } from '../../plugins/config/index.js'
import { DRAIN_MARGIN_MS } from '../../plugins/lifecycle.js'
import { Config } from '../../schemas/config.js'
import { temporaryFolder } from '../support/application.js'
import { eventually } from '../support/eventually.js'
import { freePort, listens } from '../support/port.js'
import { top } from '../support/process.js'
import { redisMissing } from '../support/redis.js'

interface Service {
  image: string
  build?: string
  command: string[]
  user?: string
  environment?: Record<string, string>
  volumes?: string[]
  ports?: string[]
  networks?: string[]
  network_mode?: string
  depends_on?: Record<string, { condition: string }>
  healthcheck: { test?: string[]; disable?: boolean }
  stop_grace_period?: string
  read_only?: boolean
  cap_drop: string[]
  security_opt: string[]
  mem_limit: string
  logging?: { driver: string; options?: Record<string, string> }
}

const text = readFileSync(join(top, 'compose.yaml'), 'utf8')
const compose = parse(text, { merge: true }) as {
  services: Record<string, Service>
  volumes: Record<string, null>
  networks: Record<string, { internal?: boolean } | null>
}
const { services } = compose
const ours = Object.entries(services).filter(([name]) => name.startsWith('talkie'))
const talkie = services['talkie-1'] as Service
const mongodb = services.mongodb as Service
const redis = services.redis as Service

/** Runs the `secrets` service. */
function makeSecrets(folder: string) {
  const [, ...args] = (services.secrets as Service).command
  execFileSync(
    process.execPath,
    args.map(arg => (arg === '/secrets' ? folder : arg)),
    { cwd: top },
  )
  return {
    files: (readdirSync(folder, { recursive: true }) as string[]).filter(path => statSync(join(folder, path)).isFile()),
    read: (path: string) => readFileSync(join(folder, path), 'utf8'),
  }
}
test('two identical servers listen on different ports of this machine only', async t => {
  t.equal(ours.length, 2)
  const hosts = ours.flatMap(([, { ports = [] }]) => ports)
  t.equal(new Set(hosts).size, 2)
  for (const port of hosts) t.match(port, new RegExp(`^127\\.0\\.0\\.1:\\d+:${talkie.environment?.PORT}$`))
  t.strictSame({ ...ours[0]?.[1], ports: null }, { ...ours[1]?.[1], ports: null })
  for (const [name, { ports }] of Object.entries(services)) if (!name.startsWith('talkie')) t.notOk(ports, name)
  t.equal(compose.networks.inside?.internal, true)
  for (const { networks } of [mongodb, redis]) t.strictSame(networks, ['inside'])
})

test('the variables of compose.yaml and the generated secrets are a valid configuration without an .env', async t => {
  // The defaults that compose uses for unset variables.
  const plain = Object.fromEntries(
    Object.entries(talkie.environment ?? {}).map(([name, value]) => [name, value.replace(/^\$\{\w+:-(.*)\}$/, '$1')]),
  )
  const secrets = parseEnv(makeSecrets(temporaryFolder(t)).read('talkie/talkie.env')) as Record<string, string>
  for (const name of Object.keys({ ...plain, ...secrets })) t.ok(name in Config.properties, name)
  t.match(talkie.command, ['node', '--enable-source-maps', '--env-file=/secrets/talkie.env', 'build/server.js'])
  const config = readConfig({ ...plain, ...secrets })
  t.match(config, { IS_DEV: 'prod', HOST: '0.0.0.0' })
  t.equal(config.REDIS_ADDR?.split(':', 1)[0], 'redis', 'the name of its service')
  t.throws(() => readConfig(plain), /^JWT_SECRET/, 'the file contains no secret')
  t.notMatch(text, /(PASSWORD|SECRET): *[^$\s/]/)
  const grace_ms = Number.parseInt(talkie.stop_grace_period as string, 10) * 1000
  t.ok(grace_ms > config.DRAIN_MS + DRAIN_MARGIN_MS, 'no server is killed while it drains')
})

test('secrets are long, random, created once, and visible only to their service', async t => {
  const [folder, other] = [temporaryFolder(t), temporaryFolder(t)]
  const { files, read } = makeSecrets(folder)
  const second = makeSecrets(other)
  for (const path of files) {
    t.equal(statSync(join(folder, path)).mode & 0o777, 0o400, path)
    t.not(second.read(path), read(path), `${path} differs in every installation`)
  }
  const before = files.map(read)
  makeSecrets(folder)
  t.strictSame(files.map(read), before, 'a restart changes nothing')
  t.ok(read('redis/password').length >= 32)
  t.match(read('redis/redis.conf'), `requirepass ${read('redis/password')}\n`)
  t.equal(parseEnv(read('talkie/talkie.env')).MONGODB_PASSWORD, read('mongodb/talkie-password'))
  t.equal(parseEnv(read('talkie/talkie.env')).REDIS_PASSWORD, read('redis/password'))
  t.match(read('mongodb/key'), /^[A-Za-z0-9+/=]{6,1024}$/, 'a valid key file for mongod')

  const mounted = (service: Service) => service.volumes?.find(volume => volume.startsWith('secrets-'))
  t.equal(mounted(mongodb), 'secrets-mongodb:/secrets:ro')
  t.equal(mounted(redis), 'secrets-redis:/secrets:ro')
  t.equal(mounted(talkie), 'secrets-talkie:/secrets:ro')
  for (const [name, { user, image }] of Object.entries(services)) {
    if (name === 'secrets' || image === talkie.image) continue
    const path = files.find(path => path.startsWith(`${name}/`)) as string
    if (process.getuid?.() === 0) t.equal(`${statSync(join(folder, path)).uid}:999`, user, name)
  }
})

test('referenced files and volumes exist, and every service runs with minimal privileges', async t => {
  for (const [name, service] of Object.entries(services)) {
    for (const volume of service.volumes ?? []) {
      const source = volume.split(':', 1)[0] as string
      t.ok(source.startsWith('./') ? existsSync(join(top, source)) : source in compose.volumes, `${name}: ${volume}`)
    }
    for (const network of service.networks ?? []) t.ok(network in compose.networks, `${name}: ${network}`)
    for (const other of Object.keys(service.depends_on ?? {})) t.ok(other in services, `${name}: ${other}`)
    const script = [...service.command, ...(service.healthcheck.test ?? [])].filter(part => part.startsWith('build/'))
    for (const path of script) t.ok(existsSync(join(top, path)), `${name}: ${path}`)
    t.strictSame(service.cap_drop, ['ALL'], name)
    t.match(service.security_opt, ['no-new-privileges:true'], name)
    t.ok(service.mem_limit, name)
    t.ok(service.healthcheck.disable === true || (service.healthcheck.test?.length ?? 0) > 0, name)
    t.notMatch(service.image, /:latest$/, name)
  }
  t.equal(talkie.read_only, true)
  t.strictSame(talkie.depends_on, {
    mongodb: { condition: 'service_healthy' },
    redis: { condition: 'service_healthy' },
  })
})

test('the logs of every service rotate', async t => {
  for (const [name, { logging }] of Object.entries(services)) {
    t.match(logging, { options: { 'max-size': /^\d+m$/, 'max-file': /^\d+$/ } }, name)
  }
})

test('MongoDB’s health check creates the replica set and the user that the servers expect', async t => {
  const [, program, ...args] = mongodb.healthcheck.test as string[]
  t.equal(program, 'mongosh')
  const mount = mongodb.volumes?.find(volume => volume.includes(args.at(-1) as string)) as string
  const path = join(top, mount.split(':', 1)[0] as string)
  execFileSync(process.execPath, ['--check', path])
  const script = readFileSync(path, 'utf8')
  const uri = new URL(talkie.environment?.MONGODB_URI as string)
  const set = uri.searchParams.get('replicaSet')
  t.equal(mongodb.command[mongodb.command.indexOf('--replSet') + 1], set)
  t.match(script, `rs.initiate({ _id: '${set}', members: [{ _id: 0, host: '${uri.host}' }] })`)
  t.match(script, `user: '${talkie.environment?.MONGODB_USER}'`)
  t.match(script, `db: '${talkie.environment?.MONGODB_DATABASE}'`)
  const { files } = makeSecrets(temporaryFolder(t))
  const named = [...script.matchAll(/read\('([\w-]+)'\)/g)].map(([, name]) => `mongodb/${name}`)
  t.equal(named.length, 2)
  for (const name of named) t.ok(files.includes(name), name)
  t.equal(mongodb.environment?.MONGO_INITDB_ROOT_PASSWORD_FILE, '/secrets/root-password')
})

test('Redis requires its password and passes its health check', { skip: redisMissing }, async t => {
  const folder = temporaryFolder(t)
  const { read } = makeSecrets(folder)
  const port = await freePort()
  const [program, conf] = redis.command as [string, string]
  const server = spawn(program, [
    conf.replace('/secrets', join(folder, 'redis')),
    '--port',
    String(port),
    '--dir',
    folder,
  ])
  const ended = once(server, 'exit')
  t.teardown(async () => {
    server.kill('SIGKILL')
    await ended
  })
  await eventually(() => listens(port))
  const check = ((redis.healthcheck.test as string[])[1] as string)
    .replaceAll('$$', '$')
    .replace('/secrets', join(folder, 'redis'))
    .replace('redis-cli', `redis-cli -p ${port}`)
  t.equal(spawnSync('sh', ['-c', check]).status, 0)
  t.not(spawnSync('sh', ['-c', check.replace('$(cat', '$(echo')]).status, 0, 'it fails with a wrong password')
  t.match(execFileSync('redis-cli', ['-p', String(port), 'ping']).toString(), 'NOAUTH')
  t.match(read('redis/redis.conf'), 'requirepass')
})
