import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { test } from 'tap'
import { readConfig } from '../../plugins/config/index.js'
import { Config } from '../../schemas/config.js'
import { temporaryFolder } from '../support/application.js'
import { type Instruction, isIgnored, readDockerfile, type Stage } from '../support/dockerfile.js'
import { freePort } from '../support/port.js'
import { start, top } from '../support/process.js'

const file = (path: string) => new URL(`../../../${path}`, import.meta.url)
const stages = readDockerfile(file('Dockerfile'))
const image = stages.at(-1) as Stage
const all = (stage: Stage, name: string) => stage.instructions.filter(instruction => instruction.name === name)
const last = (name: string) => all(image, name).at(-1)
const command = (name: string) => (last(name) as Instruction).exec as string[]
const patterns = readFileSync(file('.dockerignore'), 'utf8')
  .split('\n')
  .filter(line => line !== '' && !line.startsWith('#'))
const environment = Object.fromEntries(
  all(image, 'ENV').flatMap(({ rest }) => rest.split(' ').map(pair => pair.split('=') as [string, string])),
)

test('the base image has a Node that package.json allows, one for all stages', async t => {
  const { engines } = JSON.parse(readFileSync(file('package.json'), 'utf8')) as { engines: { node: string } }
  const [least = 0, minor = 0] = engines.node.replace('>=', '').split('.').map(Number)
  t.equal(new Set(stages.map(({ image }) => image)).size, 1)
  const [, major, its_minor] = (image.image.match(/^node:(\d+)\.(\d+)-bookworm-slim$/) ?? []).map(Number)
  t.ok((major as number) > least || (major === least && (its_minor as number) >= minor), image.image)
})

test('packages come from package-lock.json, and the image has no development packages', async t => {
  const installs = stages.flatMap(stage => all(stage, 'RUN').filter(({ rest }) => rest.includes('npm ')))
  t.strictSame(
    installs.map(({ rest }) => rest),
    ['npm ci', 'npm run build', 'npm ci --omit=dev'],
  )
  const [copied] = all(image, 'COPY').filter(({ rest }) => rest.endsWith('node_modules'))
  t.equal(copied?.flags.from, stages.find(stage => all(stage, 'RUN').some(({ rest }) => /omit=dev/.test(rest)))?.name)
})

test('the image’s variables are valid, and it does not start without a secret', async t => {
  const { NODE_ENV, ...ours } = environment
  t.equal(NODE_ENV, 'production')
  for (const name of Object.keys(ours)) t.ok(name in Config.properties, name)
  t.throws(() => readConfig(ours), /^JWT_SECRET must be set/)
  const config = readConfig({ ...ours, JWT_SECRET: 'a secret of at least 32 characters' })
  t.equal(config.HOST, '0.0.0.0')
  t.equal(last('EXPOSE')?.rest, String(config.PORT))
  t.equal(last('VOLUME')?.rest, config.DATA_DIR)
})

test('the server is process 1, runs as a numeric user other than root, and receives signals itself', async t => {
  t.match(last('USER')?.rest, /^[1-9]\d*:[1-9]\d*$/)
  for (const name of ['CMD', 'HEALTHCHECK']) t.equal(command(name)[0], 'node', `${name} needs no shell`)
  t.equal(last('ENTRYPOINT'), undefined)
  t.match(last('HEALTHCHECK')?.flags, { interval: String, timeout: String, 'start-period': String, retries: String })
})

test('secrets, data and git history are excluded from the image', async t => {
  const never = ['.env', '.git/config', 'data/talkie.db', 'data/jwt-secret', 'node_modules/ws/index.js', 'key.pem']
  for (const path of [...never, 'build/server.js', 'test/support/application.ts', 'deploy/k8s/secret.yaml']) {
    t.ok(isIgnored(path, patterns), path)
  }
  for (const path of ['server.ts', 'package-lock.json', 'plugins/ws/hub.ts', 'static/tsconfig.json']) {
    t.notOk(isIgnored(path, patterns), path)
  }
})

const asRoot = {
  skip: process.env.CI && process.getuid?.() === 0 ? false : 'the image is built only as root with CI set',
}

test('the Dockerfile’s commands, run in a clean folder, build a server that starts and drains', asRoot, async t => {
  const folder = temporaryFolder(t)
  chmodSync(folder, 0o755)
  const context = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: top })
    .toString()
    .split('\0')
    .filter(path => path !== '' && existsSync(join(top, path)) && !isIgnored(path, patterns))
  const roots = new Map<string, string>()
  let data = ''
  let workdir = ''
  for (const [index, stage] of stages.entries()) {
    const root = join(folder, String(index))
    mkdirSync(root)
    roots.set(stage.name, root)
    let cwd = root
    for (const { name, rest, flags } of stage.instructions) {
      if (name === 'WORKDIR') {
        cwd = join(root, rest)
        mkdirSync(cwd, { recursive: true })
      } else if (name === 'COPY') {
        copy(rest.split(' '), flags.from === undefined ? null : (roots.get(flags.from) as string), cwd)
      } else if (name === 'RUN') {
        const line = rest.replace(/(?<= )\/(?=\w)/g, `${root}/`)
        const env = { PATH: process.env.PATH, HOME: process.env.HOME, ...quiet }
        const { status, stderr } = spawnSync('sh', ['-c', line], { cwd, env, encoding: 'utf8' })
        t.equal(status, 0, rest)
        if (status !== 0) t.comment(stderr)
      } else if (name === 'VOLUME') {
        data = join(root, rest)
      }
    }
    workdir = cwd
  }

  function copy(paths: string[], from: string | null, cwd: string) {
    const to = paths.pop() as string
    for (const path of paths) {
      const target = to.endsWith('/') ? join(cwd, to, path.split('/').at(-1) as string) : join(cwd, to)
      if (from !== null) cpSync(join(from, path), join(cwd, to), { recursive: true })
      else if (path === '.') for (const each of context) cpSync(join(top, each), join(cwd, each))
      else if (context.includes(path)) cpSync(join(top, path), target)
      else t.fail(`COPY ${path}: nothing of that name gets into the build`)
    }
  }

  t.notOk(existsSync(join(workdir, 'node_modules/typescript')), 'no development package')
  t.notOk(readdirSync(join(workdir, 'build')).includes('test'), 'no tests')

  const [uid = 0, gid = 0] = (last('USER')?.rest ?? '').split(':').map(Number)
  const [, ...cmd] = command('CMD')
  const [, ...health] = command('HEALTHCHECK')
  const { HOST, ...env } = {
    ...environment,
    HOST: '127.0.0.1',
    DATA_DIR: data,
    PORT: String(await freePort()),
    JWT_SECRET: 'a secret of at least 32 characters',
  }
  const before = listing(workdir)
  const isHealthy = () => spawnSync(process.execPath, health, { cwd: workdir, env, uid, gid }).status === 0
  t.notOk(isHealthy(), 'unhealthy before it starts')
  const server = start(
    t,
    cmd,
    { ...env, HOST, LOG_LEVEL: 'info', DRAIN_MS: '100' },
    {
      unmeasured: true,
      cwd: workdir,
      uid,
      gid,
    },
  )
  await server.says(/listening at/)
  t.ok(isHealthy())
  const origin = `http://127.0.0.1:${env.PORT}`
  for (const path of ['/', '/assets/icon.svg', '/docs/openapi.yaml', '/docs/asyncapi.yaml', '/ready']) {
    t.equal((await fetch(origin + path)).status, 200, path)
  }
  server.child.kill('SIGTERM')
  t.equal(await server.ended, 0)
  t.notOk(isHealthy(), 'unhealthy after it exits')
  t.strictSame(listing(workdir), before, 'it wrote only to DATA_DIR')
  t.equal(statSync(join(data, 'talkie.db')).uid, uid)
  t.ok(isAbsolute(environment.DATA_DIR as string))
})

/** npm uses its cache instead of the registry. */
const quiet = { npm_config_prefer_offline: 'true', npm_config_audit: 'false', npm_config_fund: 'false' }

/** Names, sizes and times of all files but the packages', which nobody may write to either. */
function listing(folder: string): string[] {
  const under = (path: string) => !path.startsWith('node_modules')
  return (readdirSync(folder, { recursive: true }) as string[])
    .filter(under)
    .map(path => `${path} ${statSync(join(folder, path)).mtimeMs}`)
    .sort()
}

test('every file that the image runs is built from a source file', async t => {
  for (const name of ['CMD', 'HEALTHCHECK']) {
    const script = command(name).find(part => part.endsWith('.js')) as string
    t.ok(existsSync(file(script.replace(/^build\//, '').replace(/\.js$/, '.ts'))), script)
  }
})
