import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import type { FastifyInstance, InjectOptions } from 'fastify'
import { test } from 'tap'
import { errors, rateLimited } from '../../schemas/error.js'
import { build, register } from '../support/application.js'

function routes(app: FastifyInstance) {
  app.post('/echo', async request => request.body ?? null)
  const thrown: Record<string, () => unknown> = {
    bug: () => new TypeError('the password is hunter2'),
    full: () => new errors.RoomFull('lunch'),
    wait: () => rateLimited(2500),
    store: () => new errors.StoreUnavailable(),
    plugin: () => Object.assign(new Error('FST said no'), { statusCode: 401, code: 'FST_JWT_X' }),
    teapot: () => Object.assign(new Error('short and stout'), { statusCode: 418 }),
    text: () => 'no error at all',
  }
  for (const [name, make] of Object.entries(thrown)) {
    app.get(`/throw/${name}`, async () => {
      throw make()
    })
  }
}

async function answer(app: FastifyInstance, request: InjectOptions | string) {
  const { statusCode, headers, body } = await app.inject(request)
  return { statusCode, body: JSON.parse(body), retry_after: headers['retry-after'] }
}

test('a method that a path does not have is told, also if another route has a parameter in its place', async t => {
  const app = await build(t)
  const { headers } = await register(app, 'minji')
  const ask = async (method: 'PUT' | 'PATCH', url: string) => {
    const answer = await app.inject({ method, url, headers })
    return [answer.statusCode, answer.headers.allow]
  }
  t.same(await ask('PUT', '/rooms/default/messages/search?q=x'), [405, 'GET, HEAD'])
  t.same(await ask('PATCH', '/users/me/profile'), [405, 'GET, HEAD, PUT'])
  t.same(await ask('PUT', '/rooms/default/messages/x'), [400, undefined])
})

test('every error response has the common shape and a documented code', async t => {
  const app = await build(t, {}, { after: routes })
  const json = { method: 'POST', url: '/echo', headers: { 'content-type': 'application/json' } } as const
  const cases = [
    ['/nothing/here?x=1', 404, 'NOT_FOUND'],
    ['/%zz', 400, 'BAD_REQUEST'],
    [{ method: 'DELETE', url: '/echo' }, 405, 'METHOD_NOT_ALLOWED'],
    [{ ...json, payload: '{"text":' }, 400, 'BAD_REQUEST'],
    [{ ...json, payload: '{"__proto__":{"admin":true}}' }, 400, 'BAD_REQUEST'],
    [{ ...json, payload: '{"constructor":{"prototype":{"admin":true}}}' }, 400, 'BAD_REQUEST'],
    [{ ...json, payload: JSON.stringify({ text: 'x'.repeat(70_000) }) }, 413, 'BODY_TOO_LARGE'],
    [{ ...json, headers: { 'content-type': 'text/plain' }, payload: 'hi' }, 415, 'MEDIA_TYPE_REFUSED'],
    [{ ...json, headers: { 'content-type': 'application/xml' }, payload: '<a/>' }, 415, 'MEDIA_TYPE_REFUSED'],
    ['/throw/full', 409, 'ROOM_FULL'],
    ['/throw/plugin', 401, 'UNAUTHORIZED'],
    ['/throw/teapot', 500, 'INTERNAL'],
    ['/throw/text', 500, 'INTERNAL'],
    ['/throw/bug', 500, 'INTERNAL'],
  ] as const
  for (const [request, statusCode, code] of cases) {
    const { body, ...rest } = await answer(app, request)
    t.match({ ...rest, ...body }, { statusCode, code }, JSON.stringify(request).slice(0, 80))
    t.same(Object.keys(body), ['statusCode', 'code', 'error', 'message'])
    t.notMatch(body.message, /FST|hunter2|stout|\n/)
  }
})

test('responses that ask the client to wait say how long', async t => {
  const app = await build(t, {}, { after: routes })
  t.match(await answer(app, '/throw/wait'), { body: { code: 'RATE_LIMITED' }, retry_after: '3' })
  t.match(await answer(app, '/throw/store'), { body: { code: 'STORE_UNAVAILABLE' }, retry_after: '1' })
  t.equal((await answer(app, '/throw/full')).retry_after, undefined)
})

test('the message of an unexpected error is logged but not sent', async t => {
  const lines: string[] = []
  const logger = { level: 'info', stream: { write: (line: string) => lines.push(line) } }
  const app = await build(t, {}, { after: routes, options: { logger } })
  await answer(app, '/throw/bug')
  await answer(app, '/throw/full')
  const logged = lines.map(line => JSON.parse(line)).filter(line => line.err)
  t.equal(logged.length, 1)
  t.match(logged[0], { level: 50, err: { type: 'TypeError', stack: String } })
})

test('input that is not HTTP gets an error in the usual shape and is not logged', async t => {
  const lines: string[] = []
  const logger = { level: 'trace', stream: { write: (line: string) => lines.push(line) } }
  const app = await build(t, {}, { options: { logger } })
  await app.listen({ port: 0 })
  const socket = connect((app.server.address() as { port: number }).port)
  socket.end('GET / HTTP/1.1\r\nAuthorization: Bearer hush\r\nbroken header\r\n\r\n')
  const [head, body] = (await text(socket)).split('\r\n\r\n')
  t.match(head, /^HTTP\/1.1 400 /)
  t.match(JSON.parse(body as string), { statusCode: 400, code: 'BAD_REQUEST' })
  t.notMatch(lines.join(''), 'hush')
})

test('the method QUERY, which no route has, is answered like every wrong method', async t => {
  const app = await build(t)
  for (const headers of [{}, { 'content-type': 'application/json' }]) {
    const answer = await app.inject({ method: 'QUERY' as 'GET', url: '/health', headers })
    t.match(answer, { statusCode: 405, headers: { allow: /GET/, 'x-content-type-options': 'nosniff' } })
    t.equal((await app.inject({ method: 'QUERY' as 'GET', url: '/nothing', headers })).statusCode, 404)
  }
})
