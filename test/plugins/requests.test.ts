import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import { text } from 'node:stream/consumers'
import type { FastifyInstance } from 'fastify'
import { test } from 'tap'
import { WebSocket } from 'ws'
import { build, register } from '../support/application.js'
import { listen } from '../support/socket.js'

const HEADERS = { 'x-content-type-options': 'nosniff', 'x-frame-options': 'DENY', 'cache-control': 'no-store' }

/** The answer to bytes that are sent as they are. */
async function send(app: FastifyInstance, bytes: string) {
  const socket = connect((app.server.address() as AddressInfo).port, '127.0.0.1')
  socket.end(bytes)
  const [head = '', body = ''] = (await text(socket)).split('\r\n\r\n')
  const [status = '', ...lines] = head.split('\r\n')
  const headers = Object.fromEntries(
    lines.map(line => [line.split(':')[0]?.toLowerCase() ?? '', line.slice(line.indexOf(':') + 1).trim()]),
  )
  return { status: Number(status.split(' ')[1]), headers, body: body === '' ? null : JSON.parse(body) }
}

const UPGRADE = ['host: x', 'connection: upgrade', 'upgrade: websocket', 'sec-websocket-version: 13']
const KEY = 'sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA=='
const lines = (...all: string[]) => `${all.join('\r\n')}\r\n\r\n`

test('broken, oversized and host-less requests get distinct errors, in the error shape with the security headers', async t => {
  const app = await build(t)
  await listen(app)
  const cases: [string, number, string][] = [
    [lines('GET /health HTTP/1.1', 'host: x', 'broken header'), 400, 'BAD_REQUEST'],
    [lines('GET /health HTTP/1.1', 'host: x', `x: ${'y'.repeat(20_000)}`), 431, 'HEADERS_TOO_LARGE'],
    [lines('GET /health HTTP/1.1', 'host: x', 'host: y', 'connection: close'), 400, 'BAD_REQUEST'],
    [lines('GET /health HTTP/1.1', 'connection: close'), 400, 'BAD_REQUEST'],
    [lines('GET /auth/me HTTP/1.1', 'host: x', 'connection: close'), 401, 'UNAUTHORIZED'],
  ]
  for (const [bytes, status, code] of cases) {
    const answer = await send(app, bytes)
    t.match(answer, { status, headers: HEADERS, body: { statusCode: status, code } }, bytes.slice(0, 60))
    t.ok(answer.headers['content-security-policy'])
  }
  t.equal((await send(app, lines('GET /health HTTP/1.0'))).status, 200, 'HTTP/1.0 has no Host')
  t.equal(
    (await send(app, lines('GET /health HTTP/1.1', 'host: x', 'expect: surprise', 'connection: close'))).status,
    200,
  )
})

test('a head that does not arrive within 10 s is answered 408', async t => {
  const app = await build(t)
  app.server.headersTimeout = 100
  await listen(app)
  const socket = connect((app.server.address() as AddressInfo).port, '127.0.0.1')
  socket.write('GET / HTTP/1.1\r\n')
  const [head = '', body = ''] = (await text(socket)).split('\r\n\r\n')
  t.match(head, /^HTTP\/1.1 408 Request Timeout\r\n/)
  t.match(JSON.parse(body), { statusCode: 408, code: 'REQUEST_TIMEOUT' })
})

test('only routes for WebSockets upgrade, and only with a token; else the answer is an error, not 101', async t => {
  const app = await build(t)
  await listen(app)
  const { headers } = await register(app, 'minji')
  for (const path of ['/health', '/', '/docs/openapi.yaml', '/auth/me', '/nothing']) {
    const answer = await send(app, lines(`GET ${path} HTTP/1.1`, ...UPGRADE, KEY))
    t.match(answer, { status: 404, headers: HEADERS, body: { code: 'NOT_FOUND' } }, path)
  }
  for (const path of ['/ws', '/rooms/default/ws']) {
    const token = `authorization: ${headers.authorization}`
    t.match(await send(app, lines(`GET ${path} HTTP/1.1`, ...UPGRADE, KEY)), { status: 401, headers: HEADERS })
    t.match(await send(app, lines(`GET ${path} HTTP/1.1`, ...UPGRADE, 'sec-websocket-key: short', token)), {
      ...{ status: 400, headers: HEADERS },
      body: { statusCode: 400, code: 'BAD_REQUEST' },
    })
    const plain = await app.inject({ url: path, headers })
    t.match(plain.json(), { statusCode: 426, code: 'UPGRADE_REQUIRED' })
    t.match(plain.headers, { upgrade: 'websocket' })
  }
})

test('a broken WebSocket frame closes the socket with its code and logs no error', async t => {
  const logged: { level: number }[] = []
  const logger = { level: 'warn', stream: { write: (line: string) => logged.push(JSON.parse(line)) } }
  const app = await build(t, {}, { options: { logger } })
  const origin = await listen(app)
  const { token } = await register(app, 'minji')
  const ws = new WebSocket(`${origin.replace('http', 'ws')}/ws`, { headers: { authorization: `Bearer ${token}` } })
  t.teardown(() => ws.terminate())
  await once(ws, 'open')
  // A frame with a reserved bit.
  ;(ws as unknown as { _socket: NodeJS.WritableStream })._socket.write(Buffer.from([0xf1, 0x80, 0, 0, 0, 0]))
  t.equal((await once(ws, 'close'))[0], 1002)
  t.strictSame(logged, [])
})

test('paths that lead out of the static folder are 404 and log no error', async t => {
  const logged: { err?: object; level: number }[] = []
  const logger = { level: 'info', stream: { write: (line: string) => logged.push(JSON.parse(line)) } }
  const app = await build(t, {}, { options: { logger } })
  for (const path of ['/assets/../x', '/assets/%00', '/assets/..%5cx', '/assets/%2e%2e/x', '/docs/static/..%5cx']) {
    t.match((await app.inject(path)).json(), { statusCode: 404, code: 'NOT_FOUND' }, path)
  }
  t.strictSame(
    logged.filter(({ level, err }) => level > 30 || err),
    [],
  )
})

test('a wrong method is 405 and names the right ones', async t => {
  const app = await build(t)
  const { headers } = await register(app, 'minji')
  const cases = [
    ['PATCH', '/rooms', 'GET, HEAD, POST'],
    ['POST', '/health', 'GET, HEAD'],
    ['DELETE', '/rooms/default/messages', 'GET, HEAD, POST'],
    ['PUT', '/assets/page.js', 'GET, HEAD'],
    ['OPTIONS', '/auth/login', 'POST'],
  ] as const
  for (const [method, url, allow] of cases) {
    const answer = await app.inject({ method, url, headers })
    t.match(answer.json(), { statusCode: 405, code: 'METHOD_NOT_ALLOWED' }, `${method} ${url}`)
    t.same(String(answer.headers.allow).split(', ').sort(), allow.split(', '))
  }
  t.equal((await app.inject({ method: 'DELETE', url: '/nothing' })).statusCode, 404)
})

test('text that is not UTF-8 is refused, in bodies and in queries, and so are compressed bodies', async t => {
  const app = await build(t)
  const { headers } = await register(app, 'minji')
  const post = (payload: Buffer | string, more: object) =>
    app.inject({ method: 'POST', url: '/rooms/default/messages', payload, headers: { ...headers, ...more } })
  const json = 'application/json'
  const korean = Buffer.concat([Buffer.from('{"text":"'), Buffer.from([0xbe, 0xc8, 0xb3, 0xe7]), Buffer.from('"}')])
  t.match((await post(korean, { 'content-type': json })).json(), { statusCode: 400, message: /UTF-8/ })
  const refused = { statusCode: 415, code: 'MEDIA_TYPE_REFUSED' }
  t.match((await post(korean, { 'content-type': `${json}; charset=euc-kr` })).json(), refused)
  t.match((await post('{"text":"x"}', { 'content-type': json, 'content-encoding': 'gzip' })).json(), refused)
  t.equal((await post('{"text":"안녕"}', { 'content-type': `${json}; charset="UTF-8"` })).statusCode, 201)
  const search = (q: string) => app.inject({ url: `/rooms/default/messages/search?q=${q}`, headers })
  for (const q of ['%C8%B8%C0%C7', '%']) t.match((await search(q)).json(), { statusCode: 400, code: 'BAD_REQUEST' }, q)
  t.equal((await search(encodeURIComponent('안녕'))).json().messages.length, 1)
})

test('a content type without a body is accepted if the route needs no body', async t => {
  const app = await build(t)
  const { headers } = await register(app, 'minji')
  const post = (url: string) =>
    app.inject({ method: 'POST', url, headers: { ...headers, 'content-type': 'application/json' } })
  t.equal((await post('/rooms/default/join')).statusCode, 200)
  t.equal((await post('/rooms/default/messages')).statusCode, 400)
  t.equal((await post('/auth/refresh')).statusCode, 200)
  t.equal((await post('/auth/logout')).statusCode, 204)
})

test('with ALLOWED_HOSTS only these names, addresses and localhost are answered, and probes always', async t => {
  const get = async (app: FastifyInstance, host: string, url = '/auth/me') =>
    (await app.inject({ url, headers: { host } })).json().code
  const app = await build(t, { ALLOWED_HOSTS: 'chat.example.org, talk.example.org' })
  for (const host of ['chat.example.org', 'Talk.example.org:8443', 'localhost:1', '10.0.0.1', '[::1]:80']) {
    t.equal(await get(app, host), 'UNAUTHORIZED', host)
  }
  t.equal(await get(app, 'evil.example'), 'HOST_REFUSED')
  t.equal((await app.inject({ url: '/', headers: { host: 'evil.example' } })).statusCode, 421)
  for (const url of ['/health', '/ready']) t.equal(await get(app, 'pod-7', url), undefined)
  t.equal(await get(await build(t), 'any.example'), 'UNAUTHORIZED')
})

test('401 names the scheme', async t => {
  const app = await build(t)
  const answer = await app.inject('/auth/me')
  t.equal(answer.headers['www-authenticate'], 'Bearer')
})
