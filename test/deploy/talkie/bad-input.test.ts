import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, openSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { type Test, test } from 'tap'
import { Sqlite } from '../../../plugins/store/embedded/sqlite.js'
import { openEmbedded } from '../../../plugins/store/index.js'
import { build, environment, temporaryFolder } from '../../support/application.js'
import { run } from '../../support/command.js'
import { freePort } from '../../support/port.js'
import { start, top, UNMEASURED, watch } from '../../support/process.js'
import { sample } from '../../support/repeat.js'

/** Codes of the system, of SQLite and of Node, names of error classes, and lines of a stack. */
const RAW = /\bE[A-Z]{4,}\b|SQLITE_|ERR_|\w+Error\b|ConnectionFailed|\n\s+at /

const TALKIE = 'build/deploy/talkie/talkie.js'
const nobody = 65_534
/** Only root can run a program as another user, and that user must be able to read it. */
const isReadable = ['-c', `exec "$0" --check ${TALKIE}`, process.execPath]
const notRoot =
  process.getuid?.() === 0 && spawnSync('sh', isReadable, { cwd: top, uid: nobody, gid: nobody }).status === 0
    ? false
    : 'needs root and a folder that others may read, to run as another user'

/** A folder with a store that has the default room and the user sora. */
async function goodStore(t: Test) {
  const DATA_DIR = join(temporaryFolder(t), 'data')
  const app = await build(t, { DATA_DIR })
  await app.close()
  t.equal((await run(['user', 'add', 'sora', '--generate'], environment(t, { DATA_DIR }))).code, 0)
  return DATA_DIR
}

/** Folders with which something is wrong, and what a command that needs a store says of each. */
async function badFolders(t: Test): Promise<[name: string, DATA_DIR: string, says: RegExp][]> {
  const good = await goodStore(t)
  const folder = temporaryFolder(t)
  const make = (name: string, change: (path: string) => void, from?: string) => {
    const path = join(folder, name)
    if (from === undefined) mkdirSync(path)
    else cpSync(from, path, { recursive: true })
    change(path)
    return path
  }
  const file = join(folder, 'file')
  writeFileSync(file, 'x')
  const locked = make('locked', () => {}, good)
  const other = new Sqlite(join(locked, 'talkie.db'), 0)
  other.exec('pragma locking_mode = exclusive; begin exclusive')
  t.teardown(() => other.close())
  return [
    ['missing', join(folder, 'missing'), /holds no store/],
    ['a file', file, /holds no store/],
    ['in a file', join(file, 'in'), /holds no store/],
    ['a name that is too long', join(folder, 'x'.repeat(300)), /holds no store/],
    [
      'damaged',
      make('damaged', path => writeFileSync(join(path, 'talkie.db'), 'none'.repeat(999))),
      /not a database\); restore it/,
    ],
    ['cut off', make('cut', path => truncateSync(join(path, 'talkie.db'), 20_000), good), /damaged/],
    ['an empty database', make('empty', path => writeFileSync(join(path, 'talkie.db'), '')), /empty/],
    ['a folder as database', make('db', path => mkdirSync(join(path, 'talkie.db'))), /cannot be opened/],
    [
      'a folder as lock',
      make(
        'lock',
        path => {
          rmSync(join(path, 'talkie.lock'), { force: true })
          mkdirSync(join(path, 'talkie.lock'))
        },
        good,
      ),
      /talkie.lock cannot be locked \(it cannot be opened\)$/,
    ],
    [
      'another database',
      make('other', path => {
        const db = new Sqlite(join(path, 'talkie.db'), 0)
        db.exec('create table x (y)')
        db.close()
      }),
      /not a database of this server/,
    ],
    ['locked by another program', locked, /another process uses it\)?$/],
  ]
}

test('commands say in words what is wrong with a DATA_DIR', async t => {
  const out = temporaryFolder(t)
  for (const [name, DATA_DIR, says] of sample(await badFolders(t), 3)) {
    const env = environment(t, { DATA_DIR })
    for (const line of [
      'user block sora',
      'user reset-password sora --generate',
      'room export default',
      'restore --epoch',
    ]) {
      const { code, stderr } = await run(line.split(' '), env)
      t.equal(code, 1, `${name}: ${line}`)
      t.equal(stderr.length, 1)
      t.notMatch(stderr[0], RAW, `${name}: ${line}`)
      if (!line.startsWith('restore')) t.match(stderr[0], says, `${name}: ${line}`)
    }
    const { stdout, stderr, code } = await run(['backup', join(out, name)], env)
    // A backup needs no lock of the folder.
    if (code !== 0) t.notMatch(stderr.join('\n'), RAW, `${name}: backup`)
    t.notMatch(stdout.join('\n'), RAW)
    const doctor = await run(['doctor'], env)
    t.notMatch(doctor.stdout.join('\n'), RAW, `${name}: doctor`)
  }
})

test('the server says in words what is wrong with a DATA_DIR', async t => {
  for (const [name, DATA_DIR, says] of sample((await badFolders(t)).slice(4), 2)) {
    const { ended, written } = start(t, ['build/server.js'], { DATA_DIR })
    t.equal(await ended, 1, name)
    t.match(written.err, says.source.endsWith('$') ? /\n$/ : says, name)
    t.match(written.err, /^[^\n]+\n$/, name)
    t.notMatch(written.err, RAW, name)
  }
})

test('a folder that another user may not use is told apart from one without a store', { skip: notRoot }, async t => {
  const DATA_DIR = await goodStore(t)
  chmodSync(join(DATA_DIR, '..'), 0o755)
  chmodSync(DATA_DIR, 0o700)
  const lines = ['user block sora', 'room export default', `backup ${join(temporaryFolder(t), 'b')}`, 'restore --epoch']
  for (const line of sample(lines, 2)) {
    const { ended, written } = start(
      t,
      [TALKIE, ...line.split(' ')],
      { DATA_DIR },
      { unmeasured: true, uid: nobody, gid: nobody },
    )
    t.equal(await ended, 1, line)
    t.match(written.err, /^DATA_DIR \S+ cannot be read: permission denied\n$/, line)
  }
})

test('what is left of a killed restore goes, even if it is a folder', async t => {
  const DATA_DIR = await goodStore(t)
  mkdirSync(join(DATA_DIR, 'restore.part', 'in'), { recursive: true })
  t.equal((await run(['user', 'block', 'sora'], environment(t, { DATA_DIR }))).code, 0)
  t.notOk(readdirSync(DATA_DIR).includes('restore.part'))
})

test('commands say in words what is wrong with a file', async t => {
  const DATA_DIR = await goodStore(t)
  const folder = temporaryFolder(t)
  const at = (name: string) => join(folder, name)
  const env = environment(t, { DATA_DIR })
  t.equal((await run(['backup', at('good')], env)).code, 0)
  t.equal((await run(['room', 'export', 'default', at('room')], env)).code, 0)
  writeFileSync(at('empty'), '')
  writeFileSync(at('text'), 'hello\n')
  cpSync(at('good'), at('half'))
  truncateSync(at('half'), 20_000)
  mkdirSync(at('folder'))
  const inputs = [...['none', 'folder', 'empty', 'text', 'half', 'text/in', 'x'.repeat(300)].map(at), '/dev/null', '']
  const outputs = [...['text', 'folder', 'none/x', 'text/in', 'x'.repeat(300)].map(at), '/dev/full', '']
  const commands = [
    ...[...inputs, at('room')].map(file => ['restore', file]),
    ...[...inputs, at('good')].map(file => ['room', 'import', file, '--id', 'z', '--owner', 'sora']),
    ...outputs.flatMap(file => [
      ['backup', file],
      ['room', 'export', 'default', file],
    ]),
  ]
  for (const args of commands) {
    const into = args[0] === 'restore' ? environment(t, { DATA_DIR: at(`new ${args[1]?.length}`) }) : env
    const { code, stderr } = await run(args, into)
    t.ok(code === 1 || (code === 2 && args.includes('')), args.join(' '))
    t.equal(stderr.length, 1)
    t.notMatch(stderr[0], RAW, args.join(' '))
    t.match(stderr[0], /\S/)
  }
})

test('a full disk is named, and no advice is given that would not help', {
  skip: process.platform === 'linux' ? false : 'needs prlimit',
}, async t => {
  const DATA_DIR = await goodStore(t)
  const folder = temporaryFolder(t)
  const backup = join(folder, 'backup')
  t.equal((await run(['backup', backup], environment(t, { DATA_DIR }))).code, 0)
  const limited = (args: string[], env: Record<string, string>) => {
    const child = spawn('prlimit', ['--fsize=20480:unlimited', process.execPath, ...args], {
      cwd: top,
      env: { PATH: process.env.PATH, ...UNMEASURED, ...environment(t, { PORT: '0', ...env }) },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    t.teardown(() => child.kill('SIGKILL'))
    return watch(child)
  }
  const cases: [string[], Record<string, string>][] = [
    [[TALKIE, 'restore', backup], { DATA_DIR: join(folder, 'one') }],
    [[TALKIE, 'backup', join(folder, 'two')], { DATA_DIR }],
    [[TALKIE, 'user', 'add', 'mina', '--generate'], { DATA_DIR: join(folder, 'three') }],
    [['build/server.js'], { DATA_DIR: join(folder, 'four') }],
  ]
  for (const [args, env] of sample(cases, 2)) {
    const { ended, written } = limited(args, env)
    t.equal(await ended, 1, args.join(' '))
    t.match(written.err, /^[^\n]+\n$/)
    t.match(written.err, /too large|disk/, args.join(' '))
    t.notMatch(written.err, RAW)
    t.notMatch(written.err, /restore it from a backup|delete that file/)
  }
})

test('a standard output that cannot be written is told in one line', async t => {
  const DATA_DIR = await goodStore(t)
  const env = { PATH: process.env.PATH, ...environment(t, { DATA_DIR }) }
  const commands = [['--help'], ['doctor'], ['room', 'export', 'default'], ['user', 'add', 'mina', '--generate']]
  for (const args of sample(commands, 2)) {
    const full = spawn(process.execPath, [TALKIE, ...args], {
      cwd: top,
      env,
      stdio: ['ignore', openSync('/dev/full', 'w'), 'pipe'],
    })
    const { ended, written } = watch(full)
    t.equal(await ended, 1, args.join(' '))
    t.match(written.err, /^[^\n]*the disk is full\n$/, args.join(' '))
  }
  const closed = spawn(
    'sh',
    ['-c', `exec 3>&2; { "${process.execPath}" ${TALKIE} --help 2>&3; echo $? >&3; } | true`],
    {
      cwd: top,
      env,
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  )
  const { ended, written } = watch(closed)
  await ended
  t.notMatch(written.err, RAW)
})

test('a database, a Redis and an address that cannot be reached are named in words', async t => {
  const port = await freePort()
  const uri = `mongodb://127.0.0.1:${port}/`
  const env = environment(t, { MONGODB_URI: uri, MONGODB_TIMEOUT_MS: '500', PORT: '0' })
  const refused = new RegExp(`the connection to 127.0.0.1:${port} is refused$`)
  const from = temporaryFolder(t)
  const store = await openEmbedded(from, console)
  await store.close()
  for (const line of [
    'user block sora',
    'restore --epoch',
    `migrate --release ${uri}`,
    `migrate --from ${from} --to ${uri}`,
  ]) {
    const { code, stderr } = await run(line.split(' '), env)
    t.equal(code, 1, line)
    t.match(stderr, [refused], line)
    t.notMatch(stderr[0], RAW)
  }
  const doctor = await run(['doctor'], { ...env, REDIS_ADDR: `127.0.0.1:${port}` })
  t.notMatch(doctor.stdout.join('\n'), RAW)
  t.match(doctor.stdout.join('\n'), /Redis at \S+ is not usable: the connection to \S+ is refused/)
  const { ended, written } = start(t, ['build/server.js'], { MONGODB_URI: uri, MONGODB_TIMEOUT_MS: '500' })
  t.equal(await ended, 1)
  t.match(written.err.trimEnd(), refused)
  t.notMatch(written.err, RAW)

  const taken = createServer().listen(0, '127.0.0.1')
  await new Promise(resolve => taken.once('listening', resolve))
  t.teardown(() => void taken.close())
  const address = taken.address() as { port: number }
  for (const more of [{ HOST: 'no-host.invalid' }, { HOST: '192.0.2.1' }, { PORT: `${address.port}` }]) {
    const { stdout } = await run(['doctor'], environment(t, more))
    t.notMatch(stdout.join('\n'), RAW)
    t.match(stdout.join('\n'), /fail +port/)
  }
  const outside = await run(['doctor', '--url', `http://127.0.0.1:${port}`], {})
  t.notMatch(outside.stdout.join('\n'), RAW)
  t.match(outside.stdout.join('\n'), /does not answer: the connection to/)
})
