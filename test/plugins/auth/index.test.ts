import { createHmac, generateKeyPairSync, sign as signRsa } from 'node:crypto'
import bcrypt from 'bcryptjs'
import { type Test, test } from 'tap'
import { createAuth } from '../../../plugins/auth/index.js'
import { createPasswords, hashOfNobody } from '../../../plugins/auth/passwords.js'
import { openSessions } from '../../../plugins/auth/sessions.js'
import { createTokens } from '../../../plugins/auth/tokens.js'
import { build, PASSWORD, register } from '../../support/application.js'

const JWT_SECRET = 'a secret of at least 32 characters'
const NOW = Math.floor(Date.now() / 1000)

const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')

function sign(claims: object, header: object = { alg: 'HS256', typ: 'JWT' }, secret = JWT_SECRET, hash = 'sha256') {
  const input = `${encode(header)}.${encode(claims)}`
  return `${input}.${createHmac(hash, secret).update(input).digest('base64url')}`
}

async function withMinji(t: Test) {
  const app = await build(t, { JWT_SECRET })
  const { user, identity } = await app.auth.register({ username: 'minji', password: PASSWORD })
  const claims = { sub: user.username, sid: identity.session_id, exp: NOW + 600 }
  const refused = (token: string, why: string) => t.rejects(app.auth.authenticate(token), { code: 'UNAUTHORIZED' }, why)
  return { app, claims, identity, refused }
}

test('only complete tokens with our signature and algorithm are accepted', async t => {
  const { app, claims, refused } = await withMinji(t)
  const good = sign(claims)
  t.match(await app.auth.authenticate(good), {
    username: 'minji',
    session_id: claims.sid,
    expires_at: claims.exp * 1000,
  })

  await refused('', 'empty')
  await refused('a.b.c', 'no token at all')
  await refused(` ${good}`, 'leading white space')
  await refused(good.slice(0, -2), 'cut')
  await refused(sign(claims, undefined, 'another secret, also of 32 characters'), 'another secret')
  await refused(`${encode({ alg: 'none' })}.${encode(claims)}.`, 'alg none')
  await refused(sign(claims, { alg: 'none' }), 'alg none, signed')
  await refused(sign(claims, { alg: 'HS512' }, JWT_SECRET, 'sha512'), 'HS512')
  await refused(sign(claims, { alg: 'RS256' }), 'RS256 signed with the secret')
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const input = `${encode({ alg: 'RS256', typ: 'JWT' })}.${encode(claims)}`
  await refused(`${input}.${signRsa('sha256', Buffer.from(input), privateKey).toString('base64url')}`, 'RS256')
  await refused(sign(claims, { alg: 'HS256', crit: ['b64'], b64: false }), 'an unknown critical header')
})

test('a token is rejected if a claim is missing, expired or of the wrong type', async t => {
  const { claims, refused } = await withMinji(t)
  await refused(sign({ ...claims, exp: NOW - 1 }), 'expired')
  await refused(sign({ ...claims, exp: undefined }), 'without expiry')
  await refused(sign({ ...claims, exp: String(claims.exp) }), 'expiry as text')
  await refused(sign({ ...claims, exp: claims.exp + 0.5 }), 'a broken expiry')
  await refused(sign({ ...claims, nbf: NOW + 500 }), 'not yet good')
  await refused(sign({ ...claims, sub: 7 }), 'a number as user')
  await refused(sign({ ...claims, sub: ['minji'] }), 'a list as user')
  await refused(sign({ ...claims, sub: undefined }), 'without user')
  await refused(sign({ ...claims, sub: 'bob' }), 'another user')
  await refused(sign({ ...claims, sid: { $gt: '' } }), 'an object as session')
  await refused(sign({ ...claims, sid: 'unknown' }), 'an unknown session')
  await refused(sign({ ...claims, sid: undefined }), 'without session')
})

test('a token of another store is rejected even if the secret is the same', async t => {
  const { app } = await withMinji(t)
  const other = await build(t, { JWT_SECRET })
  const { token } = await register(other, 'minji')
  await t.rejects(app.auth.authenticate(token), { code: 'UNAUTHORIZED' })
  t.match(await other.auth.authenticate(token), { username: 'minji' })
})

test('a refresh returns a token of the same session, and the old one stays valid', async t => {
  const app = await build(t, { JWT_EXPIRY: '2h' })
  const before = Date.now()
  const first = await app.auth.register({ username: 'minji', password: PASSWORD })
  const session_id = first.identity.session_id
  // In whole seconds.
  t.ok(first.identity.expires_at > before + 7_199_000 && first.identity.expires_at < Date.now() + 7_201_000)
  const next = await app.auth.refresh(first.identity)
  t.equal(next.identity.session_id, session_id)
  for (const { token } of [first, next]) t.match(await app.auth.authenticate(token), { session_id })
})

test('a session lasts as long as its newest token', async t => {
  const app = await build(t)
  await register(app, 'minji')
  const expires_at = Date.now() + 60_000
  const times = { created_at: new Date().toISOString(), expires_at: new Date(expires_at).toISOString() }
  const facts = { generation: 0, device: '', address: '', last_seen_at: times.created_at }
  await app.store.createSession({ id: 'old', username: 'minji', ...times, ...facts })
  const { identity } = await app.auth.refresh({ username: 'minji', session_id: 'old', expires_at })
  t.ok(identity.expires_at > expires_at)
  t.match(await app.store.readSession('old'), { expires_at: new Date(identity.expires_at).toISOString() })
})

test('a logout revokes all tokens of its session, including refreshed ones, and no others', async t => {
  const app = await build(t)
  const first = await app.auth.register({ username: 'minji', password: PASSWORD })
  const refreshed = await app.auth.refresh(first.identity)
  const other = await app.auth.login('minji', PASSWORD)
  await app.auth.logout(first.identity)
  for (const { token } of [first, refreshed]) await t.rejects(app.auth.authenticate(token), { code: 'UNAUTHORIZED' })
  t.match(await app.auth.authenticate(other.token), { username: 'minji' })
})

test('a login of an unknown user makes the same comparison and fails in the same way as a wrong password', async t => {
  const app = await build(t)
  await register(app, 'minji')
  const passwords = createPasswords(4)
  t.after(() => passwords.close())
  const compared: (string | null)[] = []
  const counting: typeof passwords = {
    ...passwords,
    verify(password, hash) {
      compared.push(hash)
      return passwords.verify(password, hash)
    },
  }
  const sessions = await openSessions(app.store, app.log)
  t.after(() => sessions.close())
  const auth = createAuth(app.store, sessions, counting, createTokens(app.jwt, '1h'))
  const answers = []
  for (const name of ['minji', 'nobody', 'not a name', 'a\0b', 'x'.repeat(100)]) {
    answers.push(await auth.login(name, 'wrong password').catch(({ code, message }) => ({ code, message })))
  }
  for (const answer of answers) t.same(answer, { code: 'LOGIN_FAILED', message: 'Incorrect username or password' })
  t.match(compared, [/^\$2b\$04\$/, null, null, null, null])
})

test('the hash for unknown users has the configured cost', async t => {
  for (const cost of [4, 12]) {
    const hash = hashOfNobody(cost)
    t.equal(bcrypt.getRounds(hash), cost)
    t.equal(hash.length, 60)
  }
  t.match(bcrypt.hashSync('x', hashOfNobody(4)), /^\$2b\$04\$\.{22}[./A-Za-z0-9]{31}$/, 'it can be computed with')
})

test('of concurrent registrations of one username, in any case, one succeeds', async t => {
  const app = await build(t)
  const names = ['minji', 'Minji', 'MINJI', 'minji']
  const tried = await Promise.allSettled(names.map(username => app.auth.register({ username, password: PASSWORD })))
  t.equal(tried.filter(({ status }) => status === 'fulfilled').length, 1)
  for (const one of tried) if (one.status === 'rejected') t.match(one.reason, { code: 'USERNAME_TAKEN' })
  const { user } = await app.auth.login('mInJi', PASSWORD)
  t.ok(names.includes(user.username), 'as it was registered')
})
