import { test } from 'tap'
import { build, PASSWORD, register } from '../support/application.js'

const post = (url: string, payload?: object, headers = {}) => ({ method: 'POST', url, payload, headers }) as const

test('a new account is logged in, with a token and a cookie', async t => {
  const app = await build(t)
  const answer = await app.inject(post('/auth/register', { username: 'minji', password: PASSWORD }))
  t.equal(answer.statusCode, 201)
  const { token, user, ...rest } = answer.json()
  t.same(rest, {})
  const { created_at, avatar_color, ...told } = user
  t.same(told, { username: 'minji', display_name: 'minji', bio: '', status: 'available', is_admin: true })
  t.match(avatar_color, /^#[0-9a-f]{6}$/)
  t.equal(new Date(created_at).toISOString(), created_at)
  t.match(answer.cookies, [
    { name: /^token_[0-9a-f]{8}$/, value: token, path: '/', httpOnly: true, sameSite: 'Strict' },
  ])
  t.notOk(answer.cookies[0]?.secure, 'over plain HTTP the cookie would be lost otherwise')
  const me = await app.inject({ url: '/auth/me', headers: { authorization: `Bearer ${token}` } })
  t.same(me.json(), user)
})

test('usernames are unique, ignoring case', async t => {
  const app = await build(t)
  await register(app, 'minji')
  const again = await app.inject(post('/auth/register', { username: 'MinJi', password: PASSWORD }))
  t.match(again.json(), { statusCode: 409, code: 'USERNAME_TAKEN' })
})

test('invalid usernames, invalid passwords and unknown properties are rejected', async t => {
  const app = await build(t)
  const good = { username: 'minji', password: PASSWORD }
  const wrong = [
    {},
    { ...good, username: 'ab' },
    { ...good, username: 'a'.repeat(31) },
    { ...good, username: 'min ji' },
    { ...good, username: '민지님' },
    { ...good, username: { $gt: '' } },
    { ...good, username: ['minji'] },
    { ...good, password: 'short' },
    { ...good, password: '비밀번호'.normalize('NFD') },
    { ...good, password: 'x'.repeat(73) },
    { ...good, password: '가'.repeat(25) },
    { ...good, password: 'horse\0battery' },
    { ...good, password: 12345678 },
    { ...good, role: 'admin' },
    { ...good, created_at: '2020-01-01T00:00:00.000Z' },
  ]
  for (const body of wrong) {
    const { statusCode, code } = (await app.inject(post('/auth/register', body))).json()
    t.equal(statusCode, 400, JSON.stringify(body))
    t.match(code, /^BAD_REQUEST$|^PASSWORD_TOO_LONG$/)
  }
  t.equal(await app.store.countUsers(), 0)
  t.equal((await app.inject(post('/auth/register', good))).statusCode, 201)
})

test('reserved usernames cannot be registered, nor easily guessed passwords', async t => {
  const app = await build(t)
  const codeOf = async (username: string, password: string) =>
    (await app.inject(post('/auth/register', { username, password }))).json().code
  for (const name of ['admin', 'Administrator', 'system', 'default', 'all', 'here', 'everyone', 'channel', 'room']) {
    t.equal(await codeOf(name, PASSWORD), 'USERNAME_RESERVED', name)
  }
  for (const password of ['password', 'Password1', '12345678', 'corvette', 'minji-kim', 'Minji-KIM']) {
    t.equal(await codeOf('minji-kim', password), 'PASSWORD_TOO_COMMON', password)
  }
  t.equal(await app.store.countUsers(), 0)
  t.equal(await codeOf('adminah', PASSWORD), undefined)
})

test('a failed login does not reveal its cause, and Hangul passwords match composed and decomposed', async t => {
  const app = await build(t)
  await register(app, 'minji', '비밀번호비밀번호')
  const login = async (username: string, password: string) => {
    const { statusCode, body } = await app.inject(post('/auth/login', { username, password }))
    return { statusCode, body }
  }
  const wrong = await login('minji', 'wrong password')
  t.match(wrong, { statusCode: 401, body: 'LOGIN_FAILED' })
  t.same(await login('nobody', 'wrong password'), wrong)
  t.same(await login(' ', 'x'), wrong)
  t.same(await login('minji', 'x'.repeat(1000)), wrong)
  t.equal((await login('MINJI', '비밀번호비밀번호'.normalize('NFD'))).statusCode, 200)
  t.match(await login('', ''), { statusCode: 400 })
})

test('a refresh returns a new valid token; a logout revokes all tokens of the session and clears the cookie', async t => {
  const app = await build(t)
  const { headers } = await register(app, 'minji')
  const refreshed = await app.inject(post('/auth/refresh', undefined, headers))
  t.equal(refreshed.statusCode, 200)
  const { token, user } = refreshed.json()
  t.equal(user.username, 'minji')
  t.match(refreshed.cookies, [{ name: /^token_[0-9a-f]{8}$/, value: token, httpOnly: true }])

  const out = await app.inject(post('/auth/logout', undefined, { authorization: `Bearer ${token}` }))
  t.equal(out.statusCode, 204)
  t.equal(out.body, '')
  t.match(out.cookies, [{ name: /^token_/, value: '' }])
  for (const authorization of [headers.authorization, `Bearer ${token}`]) {
    t.match((await app.inject({ url: '/auth/me', headers: { authorization } })).json(), { code: 'UNAUTHORIZED' })
    t.equal((await app.inject(post('/auth/refresh', undefined, { authorization }))).statusCode, 401)
    t.equal((await app.inject(post('/auth/logout', undefined, { authorization }))).statusCode, 401)
  }
})

test('the cookie is Secure if a trusted proxy terminates TLS, and untrusted clients cannot claim that', async t => {
  const credentials = { username: 'minji', password: PASSWORD }
  const headers = { 'x-forwarded-proto': 'https' }
  const behind = await build(t, { TRUST_PROXY: '127.0.0.1' })
  t.equal((await behind.inject(post('/auth/register', credentials, headers))).cookies[0]?.secure, true)
  const open = await build(t)
  t.notOk((await open.inject(post('/auth/register', credentials, headers))).cookies[0]?.secure)
})

test('the first account is an administrator and says so; no later one is, even if there is no administrator left', async t => {
  const app = await build(t)
  const registration = async () => (await app.inject('/auth/registration')).json()
  t.same(await registration(), { mode: 'open', first_is_admin: true })
  const add = async (username: string) => {
    const answer = await app.inject(post('/auth/register', { username, password: PASSWORD }))
    return answer.json<{ user: { is_admin: boolean }; token: string }>()
  }
  const minji = await add('minji')
  t.equal(minji.user.is_admin, true)
  t.same(await registration(), { mode: 'open', first_is_admin: false })
  t.equal((await add('bob')).user.is_admin, false)
  await app.store.changeAccount('minji', { is_admin: false })
  t.equal((await add('cho')).user.is_admin, false)
  const me = await app.inject({ url: '/auth/me', headers: { authorization: `Bearer ${minji.token}` } })
  t.match(me.json(), { username: 'minji', is_admin: false })
})

test('registration is refused with a code of its own if it is closed or by invitation', async t => {
  for (const [mode, code] of [
    ['closed', 'REGISTRATION_CLOSED'],
    ['invite', 'INVITATION_REQUIRED'],
  ] as const) {
    const app = await build(t, { REGISTRATION: mode })
    t.same((await app.inject('/auth/registration')).json(), { mode, first_is_admin: true })
    const answer = await app.inject(post('/auth/register', { username: 'minji', password: PASSWORD }))
    t.match(answer.json(), { statusCode: 403, code })
    t.equal(await app.store.countUsers(), 0)
  }
})
