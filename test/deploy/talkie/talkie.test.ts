import { execFileSync, spawnSync } from 'node:child_process'
import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { test } from 'tap'
import { environment, temporaryFolder } from '../../support/application.js'
import { run } from '../../support/command.js'
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
    'start',
    'user add',
    'user block',
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
    ['add', 'block', 'unblock', 'reset-password'],
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
    [['user', 'delete', 'minji'], 'Unknown command "user delete". See: talkie user --help'],
    [['user', 'block'], 'Missing argument USERNAME. See: talkie user block --help'],
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

test('a command that needs the embedded store of a running server asks to stop the server', async t => {
  const env = environment(t)
  const { says } = start(t, ['build/server.js'], { DATA_DIR: env.DATA_DIR as string })
  await says(/listening/)
  t.strictSame(await run(['user', 'block', 'minji'], env), {
    code: 1,
    stdout: [],
    stderr: [`DATA_DIR ${env.DATA_DIR} is in use by another process: stop the server and run this command again`],
  })
})
