import type { FastifyInstance } from 'fastify'
import { test } from 'tap'
import { deviceOf } from '../../plugins/auth/device.js'
import type { SessionPage } from '../../schemas/user.js'
import { build, PASSWORD, register } from '../support/application.js'
import { connect, listen } from '../support/socket.js'

const CHROME =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36'

async function logIn(app: FastifyInstance, user_agent = CHROME, remoteAddress = '203.0.113.7') {
  const answer = await app.inject({
    ...{ method: 'POST', url: '/auth/login', payload: { username: 'minji', password: PASSWORD } },
    ...{ headers: { 'user-agent': user_agent }, remoteAddress },
  })
  const { token } = answer.json<{ token: string }>()
  return { token, headers: { authorization: `Bearer ${token}` } }
}

const sessionsOf = async (app: FastifyInstance, headers: object, query = '') =>
  (await app.inject({ url: `/auth/sessions${query}`, headers: headers as Record<string, string> })).json<SessionPage>()

test('the list of sessions names device, address and times of each, and marks the current one', async t => {
  const app = await build(t)
  const first = await register(app, 'minji')
  await register(app, 'bob')
  const second = await logIn(app)
  const { sessions, has_more } = await sessionsOf(app, second.headers)
  t.equal(has_more, false)
  t.equal(sessions.length, 2)
  const [current] = sessions.filter(({ is_current }) => is_current)
  const [other] = sessions.filter(({ is_current }) => !is_current)
  t.match(current, { device: 'Chrome · Windows', address: '203.0.113.7' })
  t.equal(current?.created_at, current?.last_seen_at)
  t.match(other, { device: 'lightMyRequest', address: '127.0.0.1' })
  t.match(
    (await sessionsOf(app, first.headers)).sessions.find(({ id }) => id === other?.id),
    { is_current: true },
  )
  const page = await sessionsOf(app, first.headers, '?limit=1')
  t.equal(page.has_more, true)
  const rest = await sessionsOf(app, first.headers, `?after=${page.sessions[0]?.id}`)
  t.same([...page.sessions, ...rest.sessions].map(({ id }) => id).sort(), sessions.map(({ id }) => id).sort())
})

test('ending a session closes its sockets and rejects its tokens; a session of another user is not found', async t => {
  const app = await build(t)
  const origin = await listen(app)
  const [mine, bob] = [await register(app, 'minji'), await register(app, 'bob')]
  const other = await logIn(app)
  const socket = await connect(t, origin, '/ws', other.token)
  await socket.settled()
  const id = (await sessionsOf(app, other.headers)).sessions.find(({ is_current }) => is_current)?.id
  const end = async ({ headers }: typeof bob) =>
    (await app.inject({ method: 'DELETE', url: `/auth/sessions/${id}`, headers })).statusCode
  t.equal(await end(bob), 404)
  t.equal(await end(mine), 204)
  t.match(await socket.closed, { code: 4401 })
  t.equal((await app.inject({ url: '/auth/me', headers: other.headers })).statusCode, 401)
  t.equal(await end(mine), 404)
  t.equal((await sessionsOf(app, mine.headers)).sessions.length, 1)
})

test('ending all other sessions keeps the current one, and new ones can be opened', async t => {
  const app = await build(t)
  const mine = await register(app, 'minji')
  const others = await Promise.all([1, 2, 3].map(() => logIn(app)))
  const end = () => app.inject({ method: 'DELETE', url: '/auth/sessions', headers: mine.headers })
  t.equal((await end()).statusCode, 204)
  for (const { headers } of others) t.equal((await app.inject({ url: '/auth/me', headers })).statusCode, 401)
  t.match((await sessionsOf(app, mine.headers)).sessions, [{ is_current: true }])
  const again = await logIn(app)
  t.equal((await end()).statusCode, 204)
  t.equal((await app.inject({ url: '/auth/me', headers: again.headers })).statusCode, 401)
  t.equal((await app.inject({ url: '/auth/me', headers: mine.headers })).statusCode, 200)
})

test('the password is changed over HTTP, and wrong current passwords are limited like wrong logins', async t => {
  const app = await build(t, { RATE_LIMIT_AUTH_PER_MINUTE: '3' })
  const { headers } = await register(app, 'minji')
  const change = async (current_password: string, new_password = 'another good one') =>
    app.inject({ method: 'PUT', url: '/users/me/password', headers, payload: { current_password, new_password } })
  t.match((await change('wrong password')).json(), { statusCode: 403, code: 'PASSWORD_WRONG' })
  t.equal((await change(PASSWORD)).statusCode, 204)
  t.equal((await app.inject({ url: '/auth/me', headers })).statusCode, 200)
  for (const status of [403, 403, 429, 429]) t.equal((await change('wrong password')).statusCode, status)
})

test('a device is named by its browser and system, else by its program', async t => {
  const mobile = 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)'
  for (const [agent, device] of Object.entries({
    [CHROME]: 'Chrome · Windows',
    [`${CHROME} Edg/140.0.0.0`]: 'Edge · Windows',
    [`${CHROME} Whale/4.0`]: 'Whale · Windows',
    [`${mobile} Version/18.0 Mobile/15E148 Safari/604.1`]: 'Safari · iPhone',
    [`${mobile} Mobile/15E148 KAKAOTALK 11.0`]: 'KakaoTalk · iPhone',
    'Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0': 'Firefox · Linux',
    'curl/8.5.0': 'curl',
    '<script>alert(1)</script>': '',
    '': '',
    [`${'x'.repeat(100)}/1`]: 'x'.repeat(30),
  })) {
    t.equal(deviceOf(agent), device)
  }
})
