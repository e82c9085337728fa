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

test('with the cookie, any origin can read, and only the own and the allowed origins can write', async t => {
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

test('a token that is followed by something else is refused', async t => {
  const app = await build(t)
  const { token } = await register(app, 'minji')
  for (const more of [' x', `  ${token}`, ',x', '\tx']) {
    const headers = { authorization: `Bearer ${token}${more}` }
    t.equal((await app.inject({ url: '/auth/me', headers })).statusCode, 401, JSON.stringify(more))
  }
})

test('a request with Sec-Fetch-Site: same-origin can use the cookie behind any proxy', async t => {
  const app = await build(t)
  const { token } = await register(app, 'minji')
  const refresh = async (site: string) => {
    const headers = {
      cookie: `token=${token}`,
      host: 'upstream',
      origin: 'https://chat.example',
      'sec-fetch-site': site,
    }
    return (await app.inject(post('/auth/refresh', undefined, headers))).statusCode
  }
  t.equal(await refresh('same-origin'), 200)
  for (const site of ['same-site', 'cross-site', 'none', '']) t.equal(await refresh(site), 403, site)
})

test('a refused origin is logged once, beside what the server takes for its own', async t => {
  const lines: string[] = []
  const logger = { level: 'warn', stream: { write: (line: string) => void lines.push(line) } }
  const app = await build(t, {}, { options: { logger } })
  const refused = (origin: string) =>
    app.inject(post('/auth/refresh', undefined, { cookie: 'token=a.b.c', host: 'upstream:8080', origin }))
  await refused('https://chat.example')
  await refused('https://chat.example')
  t.equal(lines.length, 1)
  t.match(JSON.parse(lines[0] as string), {
    origin: 'https://chat.example',
    own: 'http://upstream:8080',
    msg: /X-Forwarded-Proto/,
  })
  for (let i = 0; i < 30; i++) await refused(`https://${i}.example/${'x'.repeat(1000)}`)
  t.equal(lines.length, 10, 'clients cannot fill the log')
  t.ok(lines.every(line => line.length < 1000))
})

test('two servers on one host do not log each other out; those with one secret share the name of the cookie', async t => {
  const env = { JWT_SECRET: 'q8Zk3vX1Rw0nJt7YbL5sHc2MfGd9PaUe' }
  const [a, b, peer] = [await build(t, env), await build(t), await build(t, env)]
  t.equal(a.cookieName, peer.cookieName)
  const [first, second] = [await register(a, 'minji'), await register(b, 'minji')]
  t.not(a.cookieName, b.cookieName)
  // A browser sends the cookies of all ports of a host.
  const cookie = `${a.cookieName}=${first.token}; ${b.cookieName}=${second.token}`
  for (const app of [a, b]) t.equal((await app.inject({ url: '/auth/me', headers: { cookie } })).statusCode, 200)
})

test('a cookie under the former name is accepted and replaced, and that of another server stays', async t => {
  const app = await build(t)
  const { token } = await register(app, 'minji')
  const headers = { 'sec-fetch-site': 'same-origin' }
  const refresh = async (cookie: string) =>
    (await app.inject(post('/auth/refresh', undefined, { ...headers, cookie }))).cookies.map(({ name, value }) => [
      name,
      value !== '',
    ])
  t.same(await refresh(`token=${token}`), [
    ['token', false],
    [app.cookieName, true],
  ])
  t.same(await refresh(`token=of.another.server; ${app.cookieName}=${token}`), [[app.cookieName, true]])
})
