import { lstatSync, mkdirSync, readlinkSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { type Test, test } from 'tap'
import { PASSWORD, temporaryFolder } from '../../support/application.js'
import { run } from '../../support/command.js'
import { eventually } from '../../support/eventually.js'
import { start } from '../../support/process.js'
import { connect } from '../../support/socket.js'

async function serve(t: Test, DATA_DIR: string) {
  const server = start(t, ['build/server.js'], { DATA_DIR })
  const [, origin = ''] = await server.says(/listening at (http:\S+)/)
  await eventually(() => lstatSync(join(DATA_DIR, 'talkie.sock'), { throwIfNoEntry: false }) !== undefined)
  const post = (path: string, body: object) =>
    fetch(origin + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
  return { ...server, origin, post }
}

test('user and room commands work beside a running server, and only its user can connect', async t => {
  const DATA_DIR = temporaryFolder(t)
  const env = { DATA_DIR, BCRYPT_COST: '4' }
  const server = await serve(t, DATA_DIR)
  t.equal(statSync(join(DATA_DIR, 'talkie.sock')).mode & 0o777, 0o600)

  t.match(await run(['user', 'add', 'minji'], env, PASSWORD), { code: 0, stdout: ['Created account minji'] })
  t.match(await run(['user', 'add', 'Minji'], env, PASSWORD), { code: 1, stderr: [/taken/i] })
  const login = await server.post('/auth/login', { username: 'minji', password: PASSWORD })
  t.equal(login.status, 200)
  const { token } = (await login.json()) as { token: string }
  const socket = await connect(t, server.origin, '/rooms/default/ws', token)
  await socket.next('welcome')

  const file = join(temporaryFolder(t), 'lobby.jsonl')
  t.match(await run(['room', 'export', 'default', file], env), { code: 0 })
  const imported = ['room', 'import', file, '--id', 'old', '--name', 'Old lobby', '--owner', 'minji']
  t.match(await run(imported, env), { code: 0, stderr: [] })
  const rooms = await fetch(`${server.origin}/rooms?mine=true`, { headers: { authorization: `Bearer ${token}` } })
  t.match(await rooms.text(), 'Old lobby')

  t.match(await run(['user', 'list'], env), {
    ...{ code: 0, stderr: [] },
    stdout: [/^USERNAME +CREATED +STATE$/, /^minji +\d{4}-\d\d-\d\d {2}administrator$/],
  })
  t.match((await run(['room', 'list'], env)).stdout, [
    /^ID +ACCESS +MEMBERS +OWNER +NAME$/,
    /^default +public +1 +Lobby$/,
    /^old +public +1 +minji +Old lobby$/,
  ])
  t.match((await run(['stats'], env)).stdout, [
    `Store   embedded in ${DATA_DIR}`,
    'Users   1 (administrators: 1, blocked: 0)',
  ])

  t.match(await run(['user', 'block', 'minji'], env), { code: 0, stdout: ['Blocked minji; sessions ended: 1'] })
  t.equal((await socket.closed).code, 4401, 'the socket of a blocked user is closed')
  t.equal((await server.post('/auth/login', { username: 'minji', password: PASSWORD })).status, 401)
  for (const audit of ['user_added', 'room_imported', 'user_blocked']) await server.says(new RegExp(`audit: ${audit}`))
  t.notMatch(server.written.out, PASSWORD)

  server.child.kill('SIGTERM')
  t.equal(await server.ended, 0)
  t.throws(() => statSync(join(DATA_DIR, 'talkie.sock')), { code: 'ENOENT' })
})

test('the socket of a killed server is neither used nor in the way', async t => {
  const DATA_DIR = temporaryFolder(t)
  const env = { DATA_DIR, BCRYPT_COST: '4' }
  const killed = await serve(t, DATA_DIR)
  killed.child.kill('SIGKILL')
  await killed.ended
  t.ok(statSync(join(DATA_DIR, 'talkie.sock')).isSocket())
  t.match(await run(['user', 'add', 'minji'], env, PASSWORD), { code: 0, stderr: [] })
  await serve(t, DATA_DIR)
  t.match(await run(['user', 'block', 'minji'], env), { code: 0, stderr: [] })
})

test('a DATA_DIR whose path is too long for a socket has a link to a shorter one', async t => {
  const DATA_DIR = join(temporaryFolder(t), 'x'.repeat(100), 'y'.repeat(50))
  mkdirSync(DATA_DIR, { recursive: true })
  const server = await serve(t, DATA_DIR)
  const short = readlinkSync(join(DATA_DIR, 'talkie.sock'))
  t.equal(statSync(short).mode & 0o777, 0o600)
  t.match(await run(['user', 'add', 'minji'], { DATA_DIR, BCRYPT_COST: '4' }, PASSWORD), { code: 0, stderr: [] })
  server.child.kill('SIGTERM')
  t.equal(await server.ended, 0)
  t.throws(() => statSync(short), { code: 'ENOENT' })
})
