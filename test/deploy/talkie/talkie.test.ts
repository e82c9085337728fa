import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { test } from 'tap'
import { environment, temporaryFolder } from '../../support/application.js'
import { run } from '../../support/command.js'
import { eventually } from '../../support/eventually.js'
import { start } from '../../support/process.js'

const TALKIE = fileURLToPath(new URL('../../../deploy/talkie/talkie.js', import.meta.url))

test('--help lists every command, and every command has its own help', async t => {
  const { code, stdout, stderr } = await run(['--help'], {})
  t.strictSame([code, stderr], [0, []])
  const names = stdout.flatMap(line => line.match(/^ {2}([a-z-]+(?: [a-z-]+)?) /)?.[1] ?? [])
  t.strictSame(names.sort(), [
    'backup',
    'doctor',
    'migrate',
    'restore',
    'room export',
    'room import',
    'room list',
    'start',
    'stats',
    'user add',
    'user admin',
    'user block',
    'user delete',
    'user list',
    'user reset-password',
    'user unblock',
  ])
  for (const name of names) {
    const help = await run([...name.split(' '), '--help'], {})
    t.equal(help.code, 0)
    t.match(help.stdout[0], new RegExp(`^Usage: talkie ${name}( |$)`))
    t.ok(
      stdout.some(line => line.endsWith(` ${help.stdout[2]?.replace(/\.$/, '')}`)),
      `${name}: both show the same summary`,
    )
  }
})

test('a group has help of its own, and "help COMMAND" is "COMMAND --help"', async t => {
  const group = await run(['user', '--help'], {})
  t.strictSame([group.code, group.stderr], [0, []])
  t.equal(group.stdout[0], 'Usage: talkie user COMMAND [ARGUMENTS]')
  t.strictSame(
    group.stdout.flatMap(line => line.match(/^ {2}user ([a-z-]+)/)?.[1] ?? []),
    ['add', 'block', 'unblock', 'delete', 'reset-password', 'admin', 'list'],
  )
  t.strictSame(await run(['help', 'user'], {}), group)
  t.strictSame(await run(['help', 'room', 'export'], {}), await run(['room', 'export', '-h'], {}))
  t.strictSame(await run(['help'], {}), await run(['--help'], {}))
})

test('wrong usage prints one line and exits with 2', async t => {
  for (const [args, line] of [
    [[], 'Missing command. See: talkie --help'],
    [['users'], 'Unknown command "users". See: talkie --help'],
    [['user'], 'Missing command after "user". See: talkie user --help'],
    [['user', 'rename', 'minji'], 'Unknown command "user rename". See: talkie user --help'],
    [['user', 'block'], 'Missing argument USERNAME. See: talkie user block --help'],
    [['user', 'list', 'minji'], 'Unexpected argument "minji". See: talkie user list --help'],
    [['room', 'list', '--all'], "Unknown option '--all'. See: talkie room list --help"],
    [['stats', 'rooms'], 'Unexpected argument "rooms". See: talkie stats --help'],
    [['backup', 'a', 'b'], 'Unexpected argument "b". See: talkie backup --help'],
    [['user', 'add', 'minji', '--password', 'x'], "Unknown option '--password'. See: talkie user add --help"],
    [['restore'], 'Give either FILE or --epoch. See: talkie restore --help'],
    [['restore', 'file', '--epoch'], 'Give either FILE or --epoch. See: talkie restore --help'],
  ] as const) {
    t.strictSame(await run([...args], {}), { code: 2, stdout: [], stderr: [line] })
  }
})

test('an invalid variable is reported in the same words as by the server', async t => {
  const { code, stderr } = await run(['user', 'block', 'minji'], { PORT: 'http' })
  t.equal(code, 1)
  t.match(stderr, [/^PORT must be integer/])
})

test('talkie runs through the symbolic link that npm installs', async t => {
  const link = join(temporaryFolder(t), 'talkie')
  symlinkSync(TALKIE, link)
  t.match(execFileSync(process.execPath, [link, '--help'], { encoding: 'utf8' }), 'user add USERNAME')
  const { status, stderr, stdout } = spawnSync(process.execPath, [link, 'nothing'], { encoding: 'utf8' })
  t.strictSame([status, stdout, stderr], [2, '', 'Unknown command "nothing". See: talkie --help\n'])
})

test('talkie start starts the server', async t => {
  const { says, child, ended } = start(t, [TALKIE, 'start'])
  const [, address] = await says(/listening at (http:\S+)/)
  t.equal((await fetch(`${address}/health`)).status, 200)
  child.kill('SIGTERM')
  t.equal(await ended, 0)
})

test('a command that cannot reach the server that holds the embedded store asks to stop it', async t => {
  const env = environment(t)
  const { says } = start(t, ['build/server.js'], { DATA_DIR: env.DATA_DIR as string })
  await says(/Bus: /)
  await eventually(() => existsSync(join(env.DATA_DIR as string, 'talkie.sock')))
  rmSync(join(env.DATA_DIR as string, 'talkie.sock'))
  t.strictSame(await run(['user', 'block', 'minji'], env), {
    code: 1,
    stdout: [],
    stderr: [`DATA_DIR ${env.DATA_DIR} is in use by another process: stop the server and run this command again`],
  })
})

test('a command with a wrong DATA_DIR fails and creates no files there', async t => {
  const DATA_DIR = temporaryFolder(t)
  const file = join(temporaryFolder(t), 'backup.db')
  const commands = [
    ...['user block sora', 'user unblock sora', 'user admin sora on', 'user reset-password sora --generate'],
    ...['room export default', `backup ${file}`, 'restore --epoch'],
  ]
  for (const line of commands) {
    for (const folder of [DATA_DIR, join(DATA_DIR, 'none')]) {
      const { code, stderr } = await run(line.split(' '), environment(t, { DATA_DIR: folder }))
      t.equal(code, 1, line)
      t.match(stderr, [/holds no store/], line)
    }
  }
  t.strictSame(readdirSync(DATA_DIR), [])
})

test('a failing command names no code of the system or of SQLite', async t => {
  const folder = temporaryFolder(t)
  const file = join(folder, 'file')
  writeFileSync(file, 'x')
  const damaged = join(folder, 'damaged')
  mkdirSync(damaged)
  writeFileSync(join(damaged, 'talkie.db'), 'no database at all'.repeat(100))
  const said: string[] = []
  for (const [DATA_DIR, ...commands] of [
    [file, 'user add sora --generate', 'doctor', `restore ${file}`],
    [join(file, 'in'), 'user add sora --generate', 'doctor'],
    [damaged, 'user block sora', 'restore --epoch', `backup ${join(folder, 'copy')}`, 'doctor'],
    [join(folder, 'new'), `restore ${join(damaged, 'talkie.db')}`, `room import ${join(damaged, 'talkie.db')}`],
  ] as [string, ...string[]][]) {
    for (const line of commands) {
      const { code, stdout, stderr } = await run(line.split(' '), environment(t, { DATA_DIR }))
      t.equal(code, 1, `${DATA_DIR} ${line}`)
      said.push(...stdout, ...stderr)
    }
  }
  const server = start(t, ['build/server.js'], { DATA_DIR: file })
  t.equal(await server.ended, 1)
  t.notMatch([...said, server.written.err].join('\n'), /\bE[A-Z]{4,}\b|SQLITE_|SqliteError/)
})
