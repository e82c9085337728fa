import { execFileSync, spawnSync } from 'node:child_process'
import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { test } from 'tap'
import { environment, temporaryFolder } from '../../support/application.js'
import { run } from '../../support/command.js'
import { start } from '../../support/process.js'

const TALKIE = fileURLToPath(new URL('../../../deploy/talkie/talkie.js', import.meta.url))

test('the overview names each command, and each has a help that writes nothing else', async t => {
  const { code, said, complained } = await run(['--help'], {})
  t.strictSame([code, complained], [0, []])
  const names = said.flatMap(line => line.match(/^ {2}talkie ([a-z-]+(?: [a-z-]+)?)/)?.[1] ?? [])
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
    t.match(help.said[0], new RegExp(`^talkie ${name}( |$)`))
    t.ok(
      said.some(line => line.endsWith(` ${help.said[2]?.replace(/\.$/, '')}`)),
      `${name}: the same words in both`,
    )
  }
})

test('what is not understood is told in one line, with exit code 2', async t => {
  for (const [args, line] of [
    [[], 'Say a command; talkie --help lists them'],
    [['user'], 'There is no command "user"; talkie --help lists them'],
    [['user', 'delete', 'minji'], 'There is no command "user delete"; talkie --help lists them'],
    [['user', 'block'], 'USERNAME is missing; talkie user block --help'],
    [['backup', 'a', 'b'], '"b" is one argument too many; talkie backup --help'],
    [['user', 'add', 'minji', '--password', 'x'], "Unknown option '--password'; talkie user add --help"],
    [['restore'], 'Say either FILE or --epoch; talkie restore --help'],
    [['restore', 'file', '--epoch'], 'Say either FILE or --epoch; talkie restore --help'],
  ] as const) {
    t.strictSame(await run([...args], {}), { code: 2, said: [], complained: [line] })
  }
})

test('a wrong variable is told in the server’s own words', async t => {
  const { code, complained } = await run(['user', 'block', 'minji'], { PORT: 'http' })
  t.equal(code, 1)
  t.match(complained, [/^PORT must be integer/])
})

test('it runs by the link that npm puts on the PATH', async t => {
  const link = join(temporaryFolder(t), 'talkie')
  symlinkSync(TALKIE, link)
  t.match(execFileSync(process.execPath, [link, '--help'], { encoding: 'utf8' }), 'talkie user add USERNAME')
  const { status, stderr, stdout } = spawnSync(process.execPath, [link, 'nothing'], { encoding: 'utf8' })
  t.strictSame([status, stdout, stderr], [2, '', 'There is no command "nothing"; talkie --help lists them\n'])
})

test('start starts the server', async t => {
  const { says, child, ended } = start(t, [TALKIE, 'start'])
  const [, address] = await says(/listening at (http:\S+)/)
  t.equal((await fetch(`${address}/health`)).status, 200)
  child.kill('SIGTERM')
  t.equal(await ended, 0)
})

test('a command on the embedded store of a running server says to stop it', async t => {
  const env = environment(t)
  const { says } = start(t, ['build/server.js'], { DATA_DIR: env.DATA_DIR as string })
  await says(/listening/)
  t.strictSame(await run(['user', 'block', 'minji'], env), {
    code: 1,
    said: [],
    complained: [
      `DATA_DIR ${env.DATA_DIR} is in use by another process: stop the server, run this, and start it again`,
    ],
  })
})
