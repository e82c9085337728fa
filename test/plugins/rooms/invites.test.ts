import type { FastifyInstance } from 'fastify'
import { type Test, test } from 'tap'
import { errors } from '../../../schemas/error.js'
import { limits } from '../../../schemas/wire.js'
import { build, PASSWORD, register } from '../../support/application.js'
import { addUsers } from '../../support/users.js'

const PEOPLE = ['owner', 'mod', 'member', 'guest', 'other'] as const

async function room(t: Test, settings = {}, env = {}) {
  const app = await build(t, env)
  await addUsers(app, ...PEOPLE)
  const { id } = await app.rooms.create('owner', { name: 'Lunch', description: 'Where?', ...settings })
  for (const member of ['mod', 'member']) await app.rooms.addMember(id, 'owner', member)
  await app.rooms.setRole(id, 'owner', 'mod', 'moderator')
  return { app, id }
}

const code = (work: Promise<unknown>) =>
  work.then(
    () => 'done',
    (error: { code?: string }) => error.code,
  )
const joinsOf = async (app: FastifyInstance, id: string, invite: number) =>
  (await app.store.readByType(id, 'joined', { after: 0, limit: 500 })).filter(({ data }) => data?.invite === invite)

/** Appends an event with another server's clock. */
async function tick(app: FastifyInstance, id: string, ms: number) {
  const seq = (await app.store.readHead(id)) + 1
  const event = { room_id: id, seq, type: 'message', username: 'owner', client_id: `at-${seq}`, text: 'tick' } as const
  await app.store.append(id, seq - 1, [{ ...event, created_at: new Date(Date.now() + ms).toISOString() }])
}

test('an invitation opens a private room with a password to users who are not members, and shows it before', async t => {
  const { app, id } = await room(t, { is_public: false, password: 'sesame' })
  const made = await app.rooms.invite(id, 'mod', { expires_in_s: 60, max_uses: 2 })
  t.match(made, { created_by: 'mod', max_uses: 2, uses: 0, code: /^[0-9a-f]{18}\.[\w-]{22}$/ })
  const head = await app.store.readHead(id)
  const shown = {
    ...{ room_id: id, name: 'Lunch', description: 'Where?', member_count: 3, is_member: false },
    ...{ invited_by: { username: 'mod' }, expires_at: made.expires_at },
  }
  t.match(await app.rooms.look(made.code), shown)
  t.match(await app.rooms.look(made.code, 'guest'), shown)
  t.equal(await app.store.readHead(id), head, 'looking stores nothing')
  t.match(await app.rooms.joinByInvite(made.code, 'guest'), { id, is_member: true, unread: 0, member_count: 4 })
  t.match(await joinsOf(app, id, made.id), [{ username: 'guest', member: 'guest', data: { invite: made.id } }])
  t.match(await app.rooms.look(made.code, 'guest'), { is_member: true })
  const secret = made.code.split('.')[1] as string
  const log = await app.store.readEvents(id, { after: 0, limit: 100 })
  t.notMatch(JSON.stringify([log, await app.store.readRoom(id)]), secret, 'the secret is not stored')
})

test('only the owner and moderators create, list and revoke invitations', async t => {
  const { app, id } = await room(t)
  const { id: invite } = await app.rooms.invite(id, 'owner', {})
  for (const by of ['member', 'guest']) {
    t.equal(await code(app.rooms.invite(id, by, {})), 'NOT_MODERATOR')
    t.equal(await code(app.rooms.invites(id, by, {})), 'NOT_MODERATOR')
    t.equal(await code(app.rooms.revokeInvite(id, by, invite)), 'NOT_MODERATOR')
    t.equal(await code(app.rooms.revokeInvitesOf(id, by, 'owner')), 'NOT_MODERATOR')
  }
  t.equal(await code(app.rooms.invite('default', 'owner', {})), 'NOT_MODERATOR')
  await app.store.changeAccount('other', { is_admin: true })
  t.equal(await code(app.rooms.invite('default', 'other', {})), 'DEFAULT_ROOM')
  t.equal(await code(app.rooms.invite(id, 'other', {})), 'done', 'administrators moderate public rooms')
  t.equal(await code(app.rooms.revokeInvite(id, 'mod', 999)), 'INVITATION_NOT_FOUND')
  const other = await app.rooms.create('owner', { name: 'Other' })
  t.equal(await code(app.rooms.revokeInvite(other.id, 'owner', invite)), 'INVITATION_NOT_FOUND', 'F33')
  t.equal(await code(app.rooms.revokeInvite(id, 'mod', invite)), 'done')
  t.equal(await code(app.rooms.revokeInvite(id, 'mod', invite)), 'done', 'again')
})

test('an unknown, expired, used-up or revoked code, and one of a deleted room, get one answer', async t => {
  const { app, id } = await room(t)
  const codes: Record<string, string> = { unknown: `${id}.AAAAAAAAAAAAAAAAAAAAAA`, malformed: 'x', system: '_system.x' }
  const revoked = await app.rooms.invite(id, 'owner', {})
  await app.rooms.revokeInvite(id, 'mod', revoked.id)
  const used = await app.rooms.invite(id, 'owner', { max_uses: 1 })
  await app.rooms.joinByInvite(used.code, 'other')
  const expired = await app.rooms.invite(id, 'owner', { expires_in_s: 60 })
  await tick(app, id, 61_000)
  const gone = await app.rooms.create('owner', { name: 'Gone' })
  const of_gone = await app.rooms.invite(gone.id, 'owner', {})
  await app.rooms.remove(gone.id, 'owner')
  Object.assign(codes, { revoked: revoked.code, used: used.code, expired: expired.code, gone: of_gone.code })
  Object.assign(codes, { 'of another room': expired.code.replace(id, gone.id) })
  const wanted = new errors.InvitationInvalid()
  for (const [name, code] of Object.entries(codes)) {
    const refused = { code: wanted.code, message: wanted.message, statusCode: 404 }
    await t.rejects(app.rooms.look(code), refused, name)
    await t.rejects(app.rooms.look(code, 'guest'), refused, name)
    await t.rejects(app.rooms.joinByInvite(code, 'guest'), refused, name)
  }
  t.match((await app.rooms.invites(id, 'mod', {})).invites, [
    { id: expired.id, state: 'expired' },
    { id: used.id, state: 'used_up', uses: 1, joined: [{ username: 'other' }] },
    { id: revoked.id, state: 'revoked', revoked_by: 'mod' },
  ])
})

test('a member who joins again uses nothing, also with a used-up link; a user who left uses it once more', async t => {
  const { app, id } = await room(t)
  const invite = await app.rooms.invite(id, 'owner', { max_uses: 2 })
  await Promise.all(Array.from({ length: 20 }, () => app.rooms.joinByInvite(invite.code, 'guest')))
  t.equal((await joinsOf(app, id, invite.id)).length, 1, 'F31')
  await app.rooms.leave(id, 'guest')
  await app.rooms.joinByInvite(invite.code, 'guest')
  t.equal((await joinsOf(app, id, invite.id)).length, 2)
  t.match(await app.rooms.joinByInvite(invite.code, 'guest'), { is_member: true })
  t.match(await app.rooms.look(invite.code, 'guest'), { is_member: true })
  t.equal(await code(app.rooms.joinByInvite(invite.code, 'other')), 'INVITATION_INVALID')
})

test('users who are refused use nothing: a full room, a ban (F30, F34)', async t => {
  const { app, id } = await room(t, { max_members: 4 })
  const invite = await app.rooms.invite(id, 'owner', { max_uses: 10 })
  const names = Array.from({ length: 20 }, (_, n) => `user-${n}`)
  await addUsers(app, ...names)
  const codes = await Promise.all(names.map(name => code(app.rooms.joinByInvite(invite.code, name))))
  t.same(codes.toSorted(), [...Array(19).fill('ROOM_FULL'), 'done'])
  await app.rooms.change(id, 'owner', { max_members: 0 })
  await app.rooms.ban(id, 'mod', 'guest', {})
  t.equal(await code(app.rooms.look(invite.code, 'guest')), 'BANNED')
  t.equal(await code(app.rooms.joinByInvite(invite.code, 'guest')), 'BANNED')
  t.match((await app.rooms.invites(id, 'mod', {})).invites, [{ uses: 1, state: 'valid' }])
  t.equal(await code(app.rooms.joinByInvite(invite.code, 'other')), 'done', 'it still works for others')
})

test('invitations outlast the role of their creator, and one call revokes all of one user (F35)', async t => {
  const { app, id } = await room(t)
  const [first, second] = [await app.rooms.invite(id, 'mod', {}), await app.rooms.invite(id, 'mod', {})]
  const kept = await app.rooms.invite(id, 'owner', {})
  await app.rooms.ban(id, 'owner', 'mod', {})
  await app.rooms.joinByInvite(first.code, 'guest')
  await app.rooms.revokeInvitesOf(id, 'owner', 'MOD')
  for (const { code: revoked } of [first, second])
    t.equal(await code(app.rooms.joinByInvite(revoked, 'other')), 'INVITATION_INVALID')
  t.equal(await code(app.rooms.joinByInvite(kept.code, 'other')), 'done')
})

test(`a room has at most ${limits.INVITES_MAX} invitations that can be used`, async t => {
  const { app, id } = await room(t)
  const make = (creation = {}) => app.rooms.invite(id, 'owner', creation)
  await Promise.all(Array.from({ length: limits.INVITES_MAX - 1 }, () => make()))
  const last = await make({ expires_in_s: 60 })
  t.equal(await code(make()), 'TOO_MANY_INVITATIONS')
  const pages = []
  for (let before: number | undefined; ; ) {
    const page = await app.rooms.invites(id, 'mod', { limit: 40, ...(before && { before }) })
    pages.push(...page.invites)
    before = page.next
    if (before === undefined) break
  }
  t.equal(new Set(pages.map(({ id }) => id)).size, limits.INVITES_MAX)
  await tick(app, id, 61_000)
  t.equal(await code(app.rooms.joinByInvite(last.code, 'guest')), 'INVITATION_INVALID', 'expired by the newest event')
  t.equal(await code(make()), 'done', 'an expired one takes no place')
})

test('an invitation that expires while users join by it lets nobody in behind the event at which it has', async t => {
  const { app, id } = await room(t)
  const names = Array.from({ length: 30 }, (_, n) => `user-${n}`)
  await addUsers(app, ...names)
  const invite = await app.rooms.invite(id, 'owner', { expires_in_s: 60 })
  const joins = names.map(async (name, n) => {
    for (let turn = 0; turn < n % 5; turn++) await app.store.readHead(id)
    return code(app.rooms.joinByInvite(invite.code, name))
  })
  const expired = (async () => {
    for (;;) {
      // Another server may take the seq first.
      const done = await tick(app, id, 61_000).then(
        () => true,
        () => false,
      )
      if (done) return
    }
  })()
  const codes = await Promise.all(joins)
  await expired
  const log = await app.store.readEvents(id, { after: 0, limit: 500 })
  const at = log.find(({ text }) => text === 'tick')?.seq ?? 0
  const joined = log.filter(({ data }) => data?.invite === invite.id)
  t.ok(joined.every(({ seq }) => seq < at))
  t.equal(codes.filter(one => one === 'done').length, joined.length)
  t.equal(await code(app.rooms.joinByInvite(invite.code, 'guest')), 'INVITATION_INVALID')
})

test('an invitation for ten years holds (F51)', async t => {
  const { app, id } = await room(t)
  const { code } = await app.rooms.invite(id, 'owner', { expires_in_s: limits.INVITE_MAX_S })
  t.match(await app.rooms.joinByInvite(code, 'guest'), { is_member: true })
})

const credentials = (username: string) => ({ username, password: PASSWORD })

test('with REGISTRATION=invite an account is created by an invitation only, which it uses once', async t => {
  const { app, id } = await room(t, { is_public: false }, { REGISTRATION: 'invite' })
  const invite = await app.rooms.invite(id, 'owner', { max_uses: 1 })
  const sign = (payload: object) => app.inject({ method: 'POST', url: '/auth/register', payload })
  t.match((await sign(credentials('minji'))).json(), { code: 'INVITATION_REQUIRED' })
  const wrong = await sign({ ...credentials('minji'), invitation: `${id}.AAAAAAAAAAAAAAAAAAAAAA` })
  t.match(wrong.json(), { code: 'INVITATION_INVALID', statusCode: 404 })
  t.equal(await app.store.readUser('minji'), null)
  t.match((await sign({ ...credentials('owner'), invitation: invite.code })).json(), { code: 'USERNAME_TAKEN' })
  const created = await sign({ ...credentials('minji'), invitation: invite.code })
  t.match(created, { statusCode: 201 })
  t.match(await app.rooms.get(id, 'minji'), { is_member: true })
  t.match((await app.rooms.invites(id, 'owner', {})).invites, [{ uses: 1, state: 'used_up' }])
  t.match((await sign({ ...credentials('seojun'), invitation: invite.code })).json(), { code: 'INVITATION_INVALID' })
})

test('a sign-up that failed between its steps is repeated, and uses the invitation once', async t => {
  const { app, id } = await room(t, {}, { REGISTRATION: 'invite' })
  const invite = await app.rooms.invite(id, 'owner', { max_uses: 1 })
  const { createUser, readMember } = app.store
  app.store.createUser = async () => {
    app.store.createUser = createUser
    throw new errors.StoreUnavailable()
  }
  t.equal(await code(app.rooms.signUp(credentials('minji'), invite.code)), 'STORE_UNAVAILABLE')
  t.equal(await code(app.rooms.joinByInvite(invite.code, 'guest')), 'INVITATION_INVALID', 'the use is kept')
  t.equal(await code(app.rooms.signUp(credentials('seojun'), invite.code)), 'INVITATION_INVALID')
  t.equal(await app.store.readUser('seojun'), null)

  // The account is stored, but the join fails: the answer is a session, with which the client joins again.
  const { append } = app.store
  app.store.append = async (room_id, after, events) => {
    if (events.some(({ type }) => type === 'joined')) throw new errors.InvitationInvalid()
    return append(room_id, after, events)
  }
  const created = await app.rooms.signUp(credentials('MINJI'), invite.code)
  app.store.append = append
  t.equal(created.user.username, 'MINJI')
  t.equal((await readMember(id, 'minji'))?.is_member, undefined)
  t.match(await app.rooms.joinByInvite(invite.code, 'MINJI'), { is_member: true })
  t.match((await app.rooms.invites(id, 'owner', {})).invites, [{ uses: 1, state: 'used_up' }])
})

test('a use that is kept for a sign-up is free again when its time is over', async t => {
  const { app, id } = await room(t)
  const invite = await app.rooms.invite(id, 'owner', { max_uses: 1 })
  const { createUser } = app.store
  app.store.createUser = async () => Promise.reject(new errors.StoreUnavailable())
  t.equal(await code(app.rooms.signUp(credentials('minji'), invite.code)), 'STORE_UNAVAILABLE')
  app.store.createUser = createUser
  t.equal(await code(app.rooms.joinByInvite(invite.code, 'guest')), 'INVITATION_INVALID')
  await tick(app, id, 11 * 60_000)
  t.equal(await code(app.rooms.joinByInvite(invite.code, 'guest')), 'done')
})

test('limits of an invitation that make no sense are refused, and the error names the field (F36)', async t => {
  const app = await build(t)
  const { headers } = await register(app, 'minji')
  const { id } = await app.rooms.create('minji', { name: 'Lunch' })
  const make = (payload: object) => app.inject({ method: 'POST', url: `/rooms/${id}/invites`, headers, payload })
  for (const max_uses of [0, -1, 1.5, 1e12, '1', null]) {
    t.match((await make({ max_uses })).json(), { statusCode: 400, message: /max_uses/ }, String(max_uses))
  }
  for (const expires_in_s of [0, -1, '1', 1e12, null]) {
    t.match((await make({ expires_in_s })).json(), { statusCode: 400, message: /expires_in_s/ }, String(expires_in_s))
  }
  t.equal((await make({ max_uses: 1, expires_in_s: 1 })).statusCode, 201)
})

test('thirty users behind one address join within a minute (F106), and guesses of one address are limited', async t => {
  const { app, id } = await room(t, { is_public: false }, { RATE_LIMIT_AUTH_PER_MINUTE: '10' })
  const invite = await app.rooms.invite(id, 'owner', { max_uses: 30 })
  for (let n = 0; n < 30; n++) {
    const { headers } = await register(app, `user-${n}`)
    const joined = await app.inject({
      ...{ method: 'POST', url: '/invites/join', headers },
      payload: { code: invite.code },
    })
    t.equal(joined.statusCode, 200)
  }
  const statuses: number[] = []
  const guess = { method: 'POST', url: '/invites/look', payload: { code: `${id}.guess` } } as const
  for (let n = 0; n < 201; n++) statuses.push((await app.inject(guess)).statusCode)
  t.equal(statuses.filter(status => status === 404).length, 200)
  t.equal(statuses.at(-1), 429)
})

test('the routes of invitations, and GET and HEAD of their link change nothing (F32)', async t => {
  const app = await build(t)
  const [minji, seojun] = [await register(app, 'minji'), await register(app, 'seojun')]
  const { id } = await app.rooms.create('minji', { name: 'Lunch', is_public: false })
  const url = `/rooms/${id}/invites`
  const ask = (method: 'GET' | 'POST' | 'DELETE', url: string, { headers }: { headers: object }, payload?: object) =>
    app.inject({ method, url, headers: { ...headers }, ...(payload && { payload }) })
  const made = (await ask('POST', url, minji, {})).json<{ id: number; code: string }>()
  const { code } = made
  const head = await app.store.readHead(id)
  for (const method of ['GET', 'HEAD'] as const) {
    for (const path of ['/i', `/i/${code}`, `/invites/${code}`, '/invites/look', '/invites/join', '/reset']) {
      for (const headers of [{ 'user-agent': 'facebookexternalhit/1.1' }, seojun.headers])
        await app.inject({ method, url: path, headers })
    }
  }
  t.equal(await app.store.readHead(id), head)
  t.match((await ask('POST', '/invites/look', { headers: {} }, { code })).json(), { name: 'Lunch', is_member: false })
  t.match((await ask('POST', '/invites/join', { headers: {} }, { code })).json(), { code: 'UNAUTHORIZED' })
  t.match((await ask('GET', url, seojun)).json(), { code: 'ROOM_NOT_FOUND' })
  t.match((await ask('POST', '/invites/join', seojun, { code })).json(), { id, is_member: true })
  t.match((await ask('GET', `${url}?limit=1`, minji)).json(), { invites: [{ id: made.id, uses: 1 }] })
  t.equal((await ask('DELETE', `${url}/${made.id}`, minji)).statusCode, 204)
  t.equal((await ask('DELETE', `${url}?created_by=minji`, minji)).statusCode, 204)
})
