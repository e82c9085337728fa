import { once } from 'node:events'
import { type AddressInfo, connect, type Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { test } from 'tap'
import { build, PASSWORD, register } from '../../support/application.js'

function routes(app: FastifyInstance) {
  app.get('/any', async () => 'ok')
  app.get('/address', async request => app.limits.addressOf(request))
}

interface Asked {
  from?: string
  headers?: Record<string, string>
  body?: object
}

async function ask(app: FastifyInstance, method: 'GET' | 'POST', url: string, { from, headers, body }: Asked = {}) {
  const remote = from === undefined ? {} : { remoteAddress: from }
  const answer = await app.inject({
    method,
    url,
    ...remote,
    ...(headers && { headers }),
    ...(body && { payload: body }),
  })
  return answer.statusCode
}

test('beyond the limit the response is a 429 in the common error shape, with the time to wait', async t => {
  const app = await build(t, { RATE_LIMIT_HTTP_PER_MINUTE: '2' }, { after: routes })
  t.same([await ask(app, 'GET', '/any'), await ask(app, 'GET', '/any')], [200, 200])
  const answer = await app.inject('/any')
  t.match(answer.json(), {
    statusCode: 429,
    code: 'RATE_LIMITED',
    message: /^Too many requests; try again in \d+ seconds?$/,
  })
  t.same(Object.keys(answer.json()), ['statusCode', 'code', 'error', 'message'])
  const seconds = Number(answer.headers['retry-after'])
  t.ok(seconds > 0 && seconds <= 60)
  t.same([await ask(app, 'GET', '/health'), await ask(app, 'GET', '/ready')], [200, 200], 'probes are not counted')
})

test('requests with a token are limited by account from every address, others by address', async t => {
  const app = await build(t, { RATE_LIMIT_HTTP_PER_MINUTE: '3' }, { after: routes })
  const [minji, bob] = [await register(app, 'minji'), await register(app, 'bob')]
  const as = async ({ headers }: Asked, from: string) => ask(app, 'GET', '/any', { from, headers: headers ?? {} })
  t.same([await as(minji, '10.0.0.1'), await as(minji, '10.0.0.2'), await as(minji, '10.0.0.3')], [200, 200, 200])
  t.equal(await as(minji, '10.0.0.4'), 429)
  t.equal(await as(bob, '10.0.0.4'), 200)
  t.equal(await as({}, '10.0.0.4'), 200)
})

test('IPv6 addresses are limited by /64', async t => {
  const app = await build(t, { RATE_LIMIT_HTTP_PER_MINUTE: '2' }, { after: routes })
  const from = (address: string) => ask(app, 'GET', '/any', { from: address })
  t.same([await from('2001:db8:1:1::1'), await from('2001:db8:1:1:ffff::2')], [200, 200])
  t.equal(await from('2001:db8:1:1:abcd::3'), 429)
  t.equal(await from('2001:db8:1:2::1'), 200)
  t.equal((await app.inject({ url: '/address', remoteAddress: '::ffff:10.0.0.9' })).body, '10.0.0.9')
})

test('X-Forwarded-For is ignored unless a trusted proxy sent it', async t => {
  const limit = { RATE_LIMIT_HTTP_PER_MINUTE: '1' }
  const forwarded = (name: string) => ({ headers: { 'x-forwarded-for': name } })
  const open = await build(t, limit, { after: routes })
  t.equal(await ask(open, 'GET', '/any', forwarded('203.0.113.1')), 200)
  t.equal(await ask(open, 'GET', '/any', forwarded('203.0.113.2')), 429)

  const behind = await build(t, { ...limit, TRUST_PROXY: '127.0.0.1' }, { after: routes })
  t.equal(await ask(behind, 'GET', '/any', forwarded('203.0.113.1')), 200)
  t.equal(await ask(behind, 'GET', '/any', forwarded('203.0.113.2')), 200)
  t.equal(
    await ask(behind, 'GET', '/any', forwarded('198.51.100.7, 203.0.113.2')),
    429,
    'only the address that the proxy added',
  )
  t.equal(await ask(behind, 'GET', '/any', { from: '10.0.0.1', ...forwarded('203.0.113.1') }), 200)
  t.equal(await ask(behind, 'GET', '/any', { from: '10.0.0.1', ...forwarded('203.0.113.3') }), 429)
})

test('a class of 30 behind one address signs up and logs in within a minute', async t => {
  const app = await build(t, { RATE_LIMIT_AUTH_PER_MINUTE: '10' })
  const pupils = Array.from({ length: 30 }, (_, n) => ({ username: `pupil${n}`, password: PASSWORD }))
  const from = '10.0.0.1'
  for (const url of ['/auth/register', '/auth/login']) {
    const statuses = await Promise.all(pupils.map(body => ask(app, 'POST', url, { body, from })))
    t.same([...new Set(statuses)], [url === '/auth/register' ? 201 : 200], url)
  }
  const wrong = pupils.slice(0, 10).map(body => ({ ...body, password: 'a typo' }))
  for (const body of wrong) t.equal(await ask(app, 'POST', '/auth/login', { body, from }), 401)
  for (const body of pupils) t.equal(await ask(app, 'POST', '/auth/login', { body, from }), 200)
})

test('registrations are limited by address in windows of ten minutes', async t => {
  const app = await build(t, { RATE_LIMIT_AUTH_PER_MINUTE: '1' })
  const statuses = []
  for (let n = 0; n < 11; n++) {
    statuses.push(await ask(app, 'POST', '/auth/register', { body: { username: `user${n}`, password: PASSWORD } }))
  }
  t.same(statuses, [...Array(10).fill(201), 429])
  const other = { body: { username: 'other', password: PASSWORD }, from: '10.0.0.2' }
  t.equal(await ask(app, 'POST', '/auth/register', other), 201)
})

const wrong = (username: string, from: string) => ({ body: { username, password: 'wrong password' }, from })
const right = (username: string, from: string) => ({ body: { username, password: PASSWORD }, from })

test('guessing is limited by account, from any number of addresses, concurrently too, whether or not it exists', async t => {
  const app = await build(t, { RATE_LIMIT_AUTH_PER_MINUTE: '3' })
  await register(app, 'minji')
  for (const username of ['minji', 'nobody']) {
    const guesses = Array.from({ length: 20 }, (_, n) =>
      ask(app, 'POST', '/auth/login', wrong(n % 2 ? username : username.toUpperCase(), `10.1.0.${n}`)),
    )
    t.equal((await Promise.all(guesses)).filter(status => status === 401).length, 3, username)
  }
  const { body, from } = right('minji', '10.2.0.1')
  const answer = await app.inject({ method: 'POST', url: '/auth/login', remoteAddress: from, payload: body })
  t.match(answer.json(), { statusCode: 429, code: 'RATE_LIMITED' }, 'no password is tried any more')
  t.ok(Number(answer.headers['retry-after']) > 0)
})

test('guessing from other addresses does not lock users out where they have logged in before', async t => {
  const app = await build(t, { RATE_LIMIT_AUTH_PER_MINUTE: '3' })
  const body = { username: 'minji', password: PASSWORD }
  t.equal(await ask(app, 'POST', '/auth/register', { body, from: '10.0.0.1' }), 201)
  t.equal(await ask(app, 'POST', '/auth/login', right('minji', '10.0.0.2')), 200)
  for (let n = 0; n < 4; n++) await ask(app, 'POST', '/auth/login', wrong('minji', '10.1.0.1'))
  for (const from of ['10.0.0.1', '10.0.0.2']) {
    t.equal(await ask(app, 'POST', '/auth/login', right('MINJI', from)), 200, from)
  }
  t.equal(await ask(app, 'POST', '/auth/login', right('minji', '10.0.0.3')), 429, 'a new address')
  const tries = []
  for (let n = 0; n < 4; n++) tries.push(await ask(app, 'POST', '/auth/login', wrong('minji', '10.0.0.1')))
  t.same(tries, [401, 401, 401, 429], 'guessing from a known address is limited too')
  t.equal(await ask(app, 'POST', '/auth/login', right('minji', '10.0.0.2')), 200)
})

test('guessing passwords of many accounts is limited by address', async t => {
  const app = await build(t, { RATE_LIMIT_AUTH_PER_MINUTE: '2' })
  const statuses = []
  for (let n = 0; n < 21; n++) statuses.push(await ask(app, 'POST', '/auth/login', wrong(`user${n}`, '10.0.0.1')))
  t.same(statuses, [...Array(20).fill(401), 429])
  t.equal(await ask(app, 'POST', '/auth/login', wrong('user99', '10.0.0.2')), 401)
})

test('creating rooms and trying rooms’ passwords are limited by account', async t => {
  const env = { RATE_LIMIT_ROOMS_PER_HOUR: '2', RATE_LIMIT_AUTH_PER_MINUTE: '3' }
  const app = await build(t, env)
  const [minji, bob] = [await register(app, 'minji'), await register(app, 'bob')]
  const create = ({ headers }: Asked, body: object) => ask(app, 'POST', '/rooms', { headers: headers ?? {}, body })
  t.same([await create(minji, { name: 'a' }), await create(minji, { name: 'b' })], [201, 201])
  t.equal(await create(minji, { name: 'c' }), 429)
  const refused = await app.inject({ method: 'POST', url: '/rooms', headers: minji.headers, payload: { name: 'c' } })
  t.match(refused.json().message, /^Too many requests; try again in (59 minutes|1 hour)$/)

  const room = { name: 'lunch', password: 'open sesame' }
  const made = await app.inject({ method: 'POST', url: '/rooms', headers: bob.headers, payload: room })
  const join = (id: string, body: object) => {
    return ask(app, 'POST', `/rooms/${id}/join`, { headers: minji.headers, body })
  }
  const { id } = made.json()
  const tries = []
  for (let n = 0; n < 4; n++) tries.push(await join(id, { password: `${n}` }))
  t.same(tries, [403, 403, 403, 429])
  t.equal(await join(id, { password: 'open sesame' }), 429, 'no password is tried any more')
  t.equal(await join(id, {}), 403, 'joining without a password is not counted')
})

test('a creation that was refused does not count as a room created', async t => {
  const app = await build(t, { RATE_LIMIT_ROOMS_PER_HOUR: '2', RATE_LIMIT_AUTH_PER_MINUTE: '3' })
  const { headers } = await register(app, 'minji')
  const create = (body: object) => ask(app, 'POST', '/rooms', { headers, body })
  t.equal(await create({ name: 'a' }), 201)
  for (let n = 0; n < 5; n++) {
    t.equal(await create({ name: 'a' }), 409)
    t.equal(await create({ name: '' }), 400)
  }
  const together = await Promise.all(['b', 'c', 'd'].map(name => create({ name })))
  t.same(together.sort(), [201, 429, 429], 'creations at the same time do not exceed the limit')
  const withPassword = () => create({ name: 'a', password: 'open sesame' })
  const tries = []
  for (let n = 0; n < 4; n++) tries.push(await withPassword())
  t.same(tries, [429, 429, 429, 429], 'no password is hashed beyond the limit')
})

test('0 switches each limit off', async t => {
  const app = await build(t, {}, { after: routes })
  const { headers } = await register(app, 'minji')
  for (let n = 0; n < 30; n++) {
    const login = { body: { username: 'minji', password: PASSWORD } }
    t.equal(await ask(app, 'POST', '/auth/login', login), 200)
    t.equal(await ask(app, 'POST', '/rooms', { headers, body: { name: `room ${n}` } }), 201)
    t.equal(await ask(app, 'POST', '/rooms/default/join', { headers, body: { password: 'x' } }), 200)
    t.equal(app.limits.sends('minji'), 0)
  }
})

test('a client that disconnects before its request is read causes no error', async t => {
  const logged: { err?: object }[] = []
  const logger = { level: 'info', stream: { write: (line: string) => logged.push(JSON.parse(line)) } }
  const app = await build(t, {}, { after: routes, options: { logger } })
  await app.listen({ port: 0 })
  const connected = once(app.server, 'connection') as Promise<[Socket]>
  const socket = connect((app.server.address() as AddressInfo).port)
  await once(socket, 'connect')
  const [ours] = await connected
  const closed = once(ours, 'close').catch(() => {})
  socket.write('GET /address HTTP/1.1\r\nHost: localhost\r\n\r\n')
  socket.resetAndDestroy()
  await closed
  // Whatever was read of the request is handled by then: another one is answered.
  t.equal((await app.inject('/address')).statusCode, 200)
  t.same(
    logged.filter(({ err }) => err),
    [],
  )
})
