import type { FastifyInstance } from 'fastify'
import { type Test, test } from 'tap'
import type { AuditPage } from '../../schemas/administration.js'
import { build, PASSWORD, register } from '../support/application.js'
import { run } from '../support/command.js'
import { eventually } from '../support/eventually.js'
import { repeat } from '../support/repeat.js'
import { connect, listen } from '../support/socket.js'

type User = Awaited<ReturnType<typeof register>>

/** The first user administers the server. */
async function open(t: Test, ...names: string[]) {
  const app = await build(t)
  const users: User[] = []
  for (const name of names) users.push(await register(app, name))
  return { app, users }
}

const ask = (app: FastifyInstance, { headers }: Pick<User, 'headers'>, line: string, payload?: object) => {
  const [method, url] = line.split(' ') as ['GET', string]
  return app.inject({ method, url, headers, ...(payload && { payload }) })
}

async function audit(app: FastifyInstance, user: User, query = ''): Promise<AuditPage> {
  return (await ask(app, user, `GET /admin/audit${query}`)).json<AuditPage>()
}

const acts = ({ entries }: AuditPage) => entries.map(({ act, member, room_name }) => `${act} ${member ?? room_name}`)

test('for everybody but administrators the paths below /admin are like any that does not exist', async t => {
  const { app, users } = await open(t, 'boss', 'minji')
  const minji = users[1] as User
  const unknown = (await ask(app, minji, 'GET /nothing/here')).body
  const paths = [
    'users',
    'users/boss/block',
    'users/boss/sessions',
    'rooms',
    'rooms/default',
    'audit',
    'figures',
    'none',
  ]
  for (const path of paths) {
    for (const method of ['GET', 'PUT', 'POST', 'DELETE', 'PATCH']) {
      for (const who of [minji, { headers: { authorization: 'Bearer a.b.c' } }]) {
        const answer = await ask(app, who, `${method} /admin/${path}`, method === 'GET' ? undefined : { x: 1 })
        t.equal(answer.statusCode, 404, `${method} ${path}`)
        t.equal(answer.body, unknown)
      }
    }
  }
  t.strictSame((await audit(app, users[0] as User)).entries, [], 'nothing was entered')
  for (const path of ['', '/messages', '/members', '/log', '/messages/search?q=x', '/invites', '/bans']) {
    const answer = await ask(app, users[0] as User, `GET /rooms/_audit${path}`)
    t.match(answer.json(), { code: 'ROOM_NOT_FOUND' }, 'the audit log is no room')
  }
})

test('an administrator finds users by the beginning of a name, and blocks, unblocks and logs them out', async t => {
  const { app, users } = await open(t, 'boss', 'minji', 'Minho', 'seojun')
  const [boss, minji] = users as [User, User]
  await app.users.change('seojun', { display_name: 'Ｍin Seojun' })
  const find = async (query: string) => {
    const page = (await ask(app, boss, `GET /admin/users?${query}`)).json<{
      users: { username: string }[]
      next?: string
    }>()
    return [page.users.map(({ username }) => username), page.next]
  }
  t.strictSame(await find('q=min'), [['Minho', 'minji', 'seojun'], undefined])
  t.strictSame(await find('q=min&limit=2'), [['Minho', 'minji'], 'minji'])
  t.strictSame(await find('q=min&limit=2&after=minji'), [['seojun'], undefined])
  t.strictSame(await find('q=x'), [[], undefined])

  const listed = (await ask(app, boss, 'GET /admin/users/minji/sessions')).json()
  t.match(listed, { sessions: [{ is_current: false, address: '127.0.0.1' }], has_more: false })
  t.equal((await ask(app, boss, `DELETE /admin/users/minji/sessions/${listed.sessions[0].id}`)).statusCode, 204)
  await t.rejects(app.auth.authenticate(minji.token), { code: 'UNAUTHORIZED' })
  t.match((await ask(app, boss, `DELETE /admin/users/minji/sessions/${listed.sessions[0].id}`)).json(), {
    code: 'SESSION_NOT_FOUND',
  })
  const again = await app.auth.login('minji', PASSWORD)
  t.equal((await ask(app, boss, 'DELETE /admin/users/minji/sessions')).statusCode, 204)
  await t.rejects(app.auth.authenticate(again.token), { code: 'UNAUTHORIZED' })

  const third = await app.auth.login('minji', PASSWORD)
  for (const _ of [1, 2]) t.equal((await ask(app, boss, 'PUT /admin/users/MINJI/block')).statusCode, 204)
  await t.rejects(app.auth.authenticate(third.token), { code: 'UNAUTHORIZED' })
  await t.rejects(app.auth.login('minji', PASSWORD), { code: 'LOGIN_FAILED' })
  t.match((await ask(app, boss, 'GET /admin/users?q=minji')).json(), { users: [{ blocked: true }] })
  t.equal((await ask(app, boss, 'DELETE /admin/users/minji/block')).statusCode, 204)
  t.match(await app.auth.login('minji', PASSWORD), { user: { username: 'minji' } })
  t.match((await ask(app, boss, 'PUT /admin/users/nobody/block')).json(), { code: 'USER_NOT_FOUND' })
  t.strictSame(acts(await audit(app, boss)).slice(0, 3), [
    'user_unblocked minji',
    'user_blocked minji',
    'sessions_ended minji',
  ])
})

test('administrators appoint and dismiss others but not themselves, and who was dismissed can do nothing', async t => {
  const { app, users } = await open(t, 'boss', 'minji', 'seojun')
  const [boss, minji] = users as [User, User]
  t.equal((await ask(app, boss, 'PUT /admin/users/minji/admin')).statusCode, 204)
  t.match((await ask(app, minji, 'GET /auth/me')).json(), { is_admin: true })
  for (const line of ['DELETE /admin/users/minji/admin', 'PUT /admin/users/minji/block']) {
    t.match((await ask(app, minji, line)).json(), { statusCode: 409, code: 'OWN_RIGHTS' })
  }
  const actor = { username: 'boss', address: '' }
  const results = await Promise.allSettled([
    app.administration.setAdmin(actor, 'minji', false),
    app.administration.setAdmin({ username: 'minji', address: '' }, 'boss', false),
    app.administration.block({ username: 'minji', address: '' }, 'seojun'),
  ])
  t.strictSame(
    results.map(({ status }) => status),
    ['fulfilled', 'rejected', 'rejected'],
    'of two who dismiss each other one stays, and the other cannot block any more',
  )
  t.match(await app.store.readUser('seojun'), { blocked: false })
  t.equal((await ask(app, minji, 'GET /admin/users')).statusCode, 404)
  t.strictSame(acts(await audit(app, boss)), ['admin_dismissed minji', 'admin_appointed minji'])
})

test('an act whose server stopped after its entry is done when the next one starts', async t => {
  const { app, users } = await open(t, 'boss', 'minji')
  const fails = app.store.changeAccount
  app.store.changeAccount = async () => {
    throw new Error('stopped')
  }
  t.equal((await ask(app, users[0] as User, 'PUT /admin/users/minji/block')).statusCode, 500)
  app.store.changeAccount = fails
  t.match(await app.store.readUser('minji'), { blocked: false })
  await app.administration.settleAll()
  t.match(await app.store.readUser('minji'), { blocked: true })
})

test('an administrator finds every room but direct conversations, deletes them, and takes over what nobody owns', async t => {
  const { app, users } = await open(t, 'boss', 'minji', 'seojun')
  const boss = users[0] as User
  const lunch = await app.rooms.create('minji', { name: 'Lunch', is_public: false, password: 'sesame' })
  const direct = await app.rooms.openDirect('minji', ['seojun'], start => start())
  await app.rooms.addMember(lunch.id, 'minji', 'seojun')
  await app.rooms.ban(lunch.id, 'minji', 'boss', {})
  const rooms = async () => (await ask(app, boss, 'GET /admin/rooms')).json<{ rooms: { name: string }[] }>().rooms
  t.match(
    (await rooms()).sort((a, b) => (a.name < b.name ? -1 : 1)),
    [
      { name: 'Lobby', is_default: true, member_count: 3, owner: '' },
      { name: 'Lunch', is_public: false, has_password: true, member_count: 2, owner: 'minji', owner_state: 'present' },
    ],
  )
  const takeOver = (id: string) => ask(app, boss, `POST /admin/rooms/${id}/takeover`)
  t.match((await takeOver(lunch.id)).json(), { statusCode: 409, code: 'OWNER_PRESENT' })
  for (const id of [direct.id, '_audit', 'nothing']) {
    t.match((await takeOver(id)).json(), { code: 'ROOM_NOT_FOUND' })
    t.match((await ask(app, boss, `DELETE /admin/rooms/${id}`)).json(), { code: 'ROOM_NOT_FOUND' })
  }
  t.match((await takeOver('default')).json(), { code: 'DEFAULT_ROOM' })
  t.match((await ask(app, boss, 'DELETE /admin/rooms/default')).json(), { code: 'DEFAULT_ROOM' })
  t.strictSame((await audit(app, boss)).entries, [], 'what was refused is not entered')

  await ask(app, boss, 'PUT /admin/users/minji/block')
  t.match(
    (await rooms()).find(({ name }) => name === 'Lunch'),
    { owner_state: 'blocked' },
  )
  for (const _ of [1, 2]) t.equal((await takeOver(lunch.id)).statusCode, 204)
  t.match(await app.rooms.get(lunch.id, 'boss'), { owner: 'boss', is_member: true, member_count: 3 })
  t.equal((await ask(app, boss, `DELETE /admin/rooms/${lunch.id}`)).statusCode, 204)
  await t.rejects(app.rooms.get(lunch.id, 'seojun'), { code: 'ROOM_NOT_FOUND' })
  t.equal((await rooms()).length, 1)
  t.match(await audit(app, boss), {
    entries: [
      { act: 'room_deleted', username: 'boss', address: '127.0.0.1', room_id: lunch.id, room_name: 'Lunch' },
      { act: 'room_taken_over', member: 'minji', room_name: 'Lunch' },
      { act: 'user_blocked' },
    ],
  })
})

test('the audit log is read in pages, has no secret, names deleted accounts, and forgets what is too old', async t => {
  const { app, users } = await open(t, 'boss', 'minji')
  const boss = users[0] as User
  const created_at = new Date(Date.now() - 366 * 86_400_000).toISOString()
  const old = { room_id: '_audit', type: 'administered' as const, username: 'boss', created_at }
  await app.store.append('_audit', 0, [
    { ...old, seq: 1, client_id: 'a', data: { act: 'announced' } },
    { ...old, seq: 2, client_id: 'b', data: { act: 'announced' } },
  ])
  const { link } = (await ask(app, boss, 'POST /admin/users/minji/reset')).json<{ link: string }>()
  await ask(app, boss, 'PUT /admin/users/minji/admin')
  await ask(app, boss, 'PUT /admin/users/minji/block')
  const first = await audit(app, boss, '?limit=2')
  t.strictSame(acts(first), ['user_blocked minji', 'admin_appointed minji'])
  const rest = await audit(app, boss, `?limit=2&before=${first.next_before}`)
  t.strictSame(acts(rest), ['reset_link_made minji'])
  t.equal(rest.next_before, undefined)
  const secret = link.split('.')[1] as string
  t.notMatch(JSON.stringify(await app.store.readEvents('_audit', { after: 0, limit: 10 })), secret)
  t.strictSame(first.deleted, [])
  await app.auth.accounts.delete('minji', 'keep')
  t.strictSame((await audit(app, boss)).deleted, ['minji'])

  const kept = async () => (await app.store.readEvents('_audit', { after: 0, limit: 10 })).map(({ seq }) => seq)
  t.strictSame(await kept(), [1, 2, 3, 4, 5])
  await app.administration.trim()
  t.strictSame(await kept(), [3, 4, 5])
  await ask(app, boss, 'DELETE /admin/users/boss/sessions')
  t.strictSame(await kept(), [3, 4, 5, 6], 'its numbers go on')
})

test('what talkie user does beside a server is in the audit log, without a name and an address', async t => {
  const { app, users } = await open(t, 'boss', 'minji')
  await app.listen({ host: '127.0.0.1', port: 0 })
  const env = { DATA_DIR: app.config.DATA_DIR }
  for (const words of ['block minji', 'unblock minji', 'admin minji on', 'reset-password minji --link']) {
    t.match(await run(['user', ...words.split(' ')], env), { code: 0 }, words)
  }
  const page = await audit(app, users[0] as User)
  const by = { username: '', address: '', member: 'minji' }
  t.match(page.entries, [
    { act: 'reset_link_made', ...by },
    { act: 'admin_appointed', ...by },
    { act: 'user_unblocked', ...by },
    { act: 'user_blocked', ...by },
  ])
})

test('figures are those of the metrics', async t => {
  const { app, users } = await open(t, 'boss', 'minji')
  await app.messages.send('default', 'boss', { client_id: 'a', text: 'hello' })
  const figures = (await ask(app, users[0] as User, 'GET /admin/figures')).json()
  t.match(figures, { users: 2, sockets: 0, rooms: 0, appended: 1, store_up: true, bus_up: true })
  t.ok(figures.memory_bytes > 1e7)
  t.ok(Date.parse(figures.started_at) <= Date.now())
  t.match(figures.version, /^\d+\.\d+/)
})

test('an administrator announces in the default room, once for each client_id, and nobody else can', async t => {
  const { app, users } = await open(t, 'boss', 'minji')
  const [boss, minji] = users as [User, User]
  const announce = (user: User, client_id: string, text = '점검이 있습니다.') =>
    ask(app, user, 'POST /admin/announcements', { client_id, text })
  t.equal((await announce(minji, 'a')).statusCode, 404)
  const made = await announce(boss, 'a')
  t.match(made.json(), { announcement: true, username: 'boss', room_id: 'default', text: '점검이 있습니다.' })
  t.same((await announce(boss, 'a')).json(), made.json(), 'a repeated request is answered with the same message')
  t.match((await announce(boss, 'a', 'other')).json(), { code: 'CLIENT_ID_REUSED' })
  t.match((await ask(app, boss, 'POST /rooms/default/messages', { client_id: 'a', text: '점검이 있습니다.' })).json(), {
    code: 'CLIENT_ID_REUSED',
  })
  const lie = { client_id: 'b', text: 'x', announcement: true }
  t.match((await ask(app, minji, 'POST /rooms/default/messages', lie)).json(), { code: 'BAD_REQUEST' })
  await app.messages.send('default', 'minji', { client_id: 'c', text: 'thanks' })
  const { messages } = await app.messages.page('default', 'minji', {})
  t.strictSame(
    messages.map(({ announcement }) => announcement),
    [true, undefined],
  )
  t.strictSame(
    (await audit(app, boss)).entries.map(({ act }) => act),
    ['announced'],
  )
})

const deleteOwn = (app: FastifyInstance, user: User) =>
  ask(app, user, 'DELETE /users/me', { password: PASSWORD, messages: 'keep' })

test('the last administrator cannot delete the own account, and another one can', async t => {
  const { app, users } = await open(t, 'boss', 'minji', 'seojun')
  const [boss, minji, seojun] = users as [User, User, User]
  t.match((await deleteOwn(app, boss)).json(), { statusCode: 409, code: 'LAST_ADMINISTRATOR' })
  t.match(await app.auth.authenticate(boss.token), { username: 'boss' }, 'the session goes on')
  await ask(app, boss, 'PUT /admin/users/minji/admin')
  await ask(app, boss, 'PUT /admin/users/minji/block')
  t.match((await deleteOwn(app, boss)).json(), { code: 'LAST_ADMINISTRATOR' }, 'a blocked one does not count')
  await ask(app, boss, 'DELETE /admin/users/minji/block')
  const { token } = await app.auth.login('minji', PASSWORD)
  t.equal((await deleteOwn(app, boss)).statusCode, 204)
  const heir = { ...minji, headers: { authorization: `Bearer ${token}` } }
  t.strictSame(acts(await audit(app, heir))[0], 'account_deleted boss')
  t.strictSame((await audit(app, heir)).deleted, ['boss'])
  t.match((await deleteOwn(app, heir)).json(), { code: 'LAST_ADMINISTRATOR' })
  t.equal((await deleteOwn(app, seojun)).statusCode, 204, 'any other user can')
})

test('of two last administrators who delete their accounts at once, one stays', async t => {
  const { app } = await open(t, 'boss')
  for (let n = 0, by = 'boss'; n < repeat(10, 2); n++) {
    const other = `other-${n}`
    await register(app, other)
    await app.administration.setAdmin({ username: by, address: '' }, other, true)
    const results = await Promise.allSettled(
      [by, other].map(async username => {
        const { identity } = await app.auth.login(username, PASSWORD)
        await app.administration.deleteOwn({ username, address: '' }, identity, PASSWORD, 'keep')
      }),
    )
    t.equal(results.filter(({ status }) => status === 'fulfilled').length, 1)
    if (results[0]?.status === 'fulfilled') by = other
    t.match(await app.store.readUser(by), { is_admin: true, deletion: null })
  }
})

test('an account that becomes an administrator while it is being deleted is not deleted as any other', async t => {
  const { app } = await open(t, 'boss', 'minji')
  const { identity } = await app.auth.login('minji', PASSWORD)
  const { changeAccount } = app.store
  app.store.changeAccount = async (...args) => {
    app.store.changeAccount = changeAccount
    // Between the look at the account and the mark.
    await app.administration.setAdmin({ username: 'boss', address: '' }, 'minji', true)
    const boss = (await app.auth.login('boss', PASSWORD)).identity
    await app.administration.deleteOwn({ username: 'boss', address: '' }, boss, PASSWORD, 'keep')
    return changeAccount(...args)
  }
  const deleting = app.administration.deleteOwn({ username: 'minji', address: '' }, identity, PASSWORD, 'keep')
  await t.rejects(deleting, { code: 'LAST_ADMINISTRATOR' })
  t.match(await app.store.readUser('minji'), { is_admin: true, deletion: null })
})

test('an administrator deletes the account of another user, but not the own one there', async t => {
  const { app, users } = await open(t, 'boss', 'minji')
  const [boss, minji] = users as [User, User]
  t.equal((await ask(app, minji, 'DELETE /admin/users/boss?messages=keep')).statusCode, 404)
  t.match((await ask(app, boss, 'DELETE /admin/users/boss?messages=keep')).json(), { code: 'OWN_RIGHTS' })
  t.match((await ask(app, boss, 'DELETE /admin/users/minji')).json(), { code: 'BAD_REQUEST' })
  await app.messages.send('default', 'minji', { client_id: 'a', text: 'walnut' })
  t.equal((await ask(app, boss, 'DELETE /admin/users/minji?messages=delete')).statusCode, 204)
  await t.rejects(app.auth.authenticate(minji.token), { code: 'UNAUTHORIZED' })
  await app.accountDeletion.sweep()
  t.match((await app.messages.page('default', 'boss', {})).messages, [{ username: 'minji', text: '' }])
  t.match((await ask(app, boss, 'DELETE /admin/users/minji?messages=keep')).json(), { code: 'USER_NOT_FOUND' })
  t.strictSame(acts(await audit(app, boss)), ['account_deleted minji'])
})

test('an administrator opens and closes registration at run time, which outlives a restart', async t => {
  const { app, users } = await open(t, 'boss', 'minji')
  const [boss, minji] = users as [User, User]
  const set = (user: User, mode: string) => ask(app, user, 'PUT /admin/registration', { mode })
  const modeOf = async (server: FastifyInstance) =>
    (await server.inject('/auth/registration')).json<{ mode: string }>().mode
  t.equal((await set(minji, 'closed')).statusCode, 404)
  t.match((await set(boss, 'shut')).json(), { code: 'BAD_REQUEST' })
  t.equal(await modeOf(app), 'open')
  for (const mode of ['closed', 'invite']) {
    t.equal((await set(boss, mode)).statusCode, 204)
    t.equal(await modeOf(app), mode)
    const code = mode === 'closed' ? 'REGISTRATION_CLOSED' : 'INVITATION_REQUIRED'
    await t.rejects(app.auth.register({ username: 'late', password: PASSWORD }), { code })
  }
  t.strictSame(
    (await audit(app, boss)).entries.map(({ act }) => act),
    ['registration_invite', 'registration_closed'],
  )
  const { DATA_DIR } = app.config
  await app.close()
  const next = await build(t, { DATA_DIR, REGISTRATION: 'open' })
  t.equal(await modeOf(next), 'invite')
})

test('sockets of a user learn at once that the user is an administrator, or none any more', async t => {
  const { app, users } = await open(t, 'boss', 'minji')
  const [boss, minji] = users as [User, User]
  const socket = await connect(t, await listen(app), '/ws', minji.token)
  await socket.settled()
  await ask(app, boss, 'PUT /admin/users/minji/admin')
  await socket.next('rights', { is_admin: true })
  await ask(app, boss, 'DELETE /admin/users/minji/admin')
  await socket.next('rights', { is_admin: false })
  t.match(await run(['user', 'admin', 'minji', 'on'], { DATA_DIR: app.config.DATA_DIR }), { code: 0 })
  const told = () => socket.frames.filter(({ type }) => type === 'rights')
  await eventually(() => told().length === 3)
  t.match(told()[2], { is_admin: true }, 'also of what a command beside the server does')
})
