import { test } from 'tap'
import { build, register } from '../support/application.js'

const post = (url: string, payload?: object, headers = {}) => ({ method: 'POST', url, payload, headers }) as const

test('a token in the query string or under a scheme other than Bearer is ignored', async t => {
  const app = await build(t)
  const { token } = await register(app, 'minji')
  t.equal((await app.inject(`/auth/me?token=${token}&access_token=${token}`)).statusCode, 401)
  t.equal((await app.inject({ url: '/auth/me', headers: { authorization: `Basic ${token}` } })).statusCode, 401)
  t.equal((await app.inject({ url: '/auth/me', headers: { authorization: token } })).statusCode, 401)
  t.equal((await app.inject({ url: '/auth/me', headers: { authorization: `bearer ${token}` } })).statusCode, 200)
})

test('with the cookie, any origin may read, and only our own and the allowed origins may write', async t => {
  const app = await build(t, { ALLOWED_ORIGINS: 'https://friend.example' })
  const { token } = await register(app, 'minji')
  const refresh = async (origin?: string, more = {}) => {
    const headers = { cookie: `token=${token}`, host: 'chat.example:8080', ...(origin && { origin }), ...more }
    const { statusCode, body } = await app.inject(post('/auth/refresh', undefined, headers))
    return { statusCode, code: JSON.parse(body).code }
  }
  t.equal((await app.inject({ url: '/auth/me', headers: { cookie: `token=${token}` } })).statusCode, 200)
  for (const origin of ['http://chat.example:8080', 'https://friend.example']) {
    t.same(await refresh(origin), { statusCode: 200, code: undefined }, origin)
  }
  const refused = { statusCode: 403, code: 'ORIGIN_REFUSED' }
  const foreign = [
    undefined,
    'null',
    'http://chat.example',
    'https://chat.example:8080',
    'http://chat.example:8081',
    'http://evil-chat.example:8080',
    'http://chat.example:8080.evil.example',
    'http://user@chat.example:8080',
    'http://chat.example:8080/',
    'http://friend.example',
    'https://friend.example:444',
  ]
  for (const origin of foreign) t.same(await refresh(origin), refused, String(origin))
  const bearer = { authorization: `Bearer ${token}` }
  t.match(
    await refresh('http://evil.example', bearer),
    { statusCode: 200 },
    'a page with a bearer token may have any origin',
  )
})

test('our own origin is recognized when the port is the default of its scheme', async t => {
  const app = await build(t)
  const { token } = await register(app, 'minji')
  for (const host of ['chat.example', 'chat.example:80', 'CHAT.example']) {
    const headers = { cookie: `token=${token}`, host, origin: 'http://chat.example' }
    t.equal((await app.inject(post('/auth/refresh', undefined, headers))).statusCode, 200, host)
  }
})
