import { test } from 'tap'
import { build, register } from '../support/application.js'

const origin = 'https://app.example'
const preflight = { origin, 'access-control-request-method': 'POST' }

test('a page of an allowed origin can use the HTTP API', async t => {
  const app = await build(t, { ALLOWED_ORIGINS: `https://other.example, ${origin}` })
  const asked = await app.inject({ method: 'OPTIONS', url: '/rooms/default/messages', headers: preflight })
  t.equal(asked.statusCode, 204)
  t.match(asked.headers, {
    'access-control-allow-origin': origin,
    'access-control-allow-methods': /POST.*PUT.*DELETE/,
    'access-control-allow-headers': /Authorization, Content-Type/,
    vary: 'Origin',
  })
  const { headers } = await register(app, 'minji')
  const [read, refused, lost] = [
    await app.inject({ url: '/rooms', headers: { ...headers, origin } }),
    await app.inject({ url: '/rooms', headers: { origin } }),
    await app.inject({ url: '/nothing', headers: { origin } }),
  ]
  t.strictSame(
    [read, refused, lost].map(({ statusCode }) => statusCode),
    [200, 401, 404],
  )
  for (const { headers } of [read, refused, lost]) {
    t.match(headers, { 'access-control-allow-origin': origin, 'access-control-expose-headers': /Link/ })
  }
})

test('a page of any other origin is not let in, and without allowed origins none is', async t => {
  const app = await build(t, { ALLOWED_ORIGINS: origin })
  const closed = await build(t)
  for (const [server, from] of [
    [app, 'https://evil.example'],
    [app, `${origin}.evil.example`],
    [app, 'null'],
    [closed, origin],
  ] as const) {
    const answer = await server.inject({ method: 'OPTIONS', url: '/rooms', headers: { ...preflight, origin: from } })
    t.not(answer.statusCode, 204, from)
    t.equal(answer.headers['access-control-allow-origin'], undefined, from)
  }
  t.equal((await app.inject('/rooms')).headers.vary, 'Origin', 'no cache gives one origin the answer for another')
})

test('an OPTIONS request that no browser sent is answered as before', async t => {
  const app = await build(t, { ALLOWED_ORIGINS: origin })
  t.equal((await app.inject({ method: 'OPTIONS', url: '/rooms', headers: { origin } })).statusCode, 405)
})
