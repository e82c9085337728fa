import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Test, test } from 'tap'
import { createHttp } from '../../../static/client/index.js'

interface Answer {
  status?: number
  headers?: Record<string, string>
  body?: unknown
}

/** A server with scripted responses that records its requests. */
async function start(t: Test, answer: Answer = {}) {
  const asked: { line: string; headers: IncomingMessage['headers']; body: string }[] = []
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    asked.push({ line: `${request.method} ${request.url}`, headers: request.headers, body })
    response.writeHead(answer.status ?? 200, answer.headers)
    response.end(typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body ?? {}))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const base_url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { asked, http: createHttp({ base_url: `${base_url}/`, token: () => 'a.b.c' }) }
}

test('each method calls one route of the API', async t => {
  const { asked, http } = await start(t)
  const credentials = { username: 'minji', password: 'correct horse' }
  await http.register(credentials)
  await http.login(credentials)
  await http.refresh()
  await http.logout()
  await http.me()
  await http.rooms({ q: '점심', limit: 10 })
  await http.createRoom({ name: 'Lunch' })
  await http.defaultRoom()
  await http.room('r1')
  await http.deleteRoom('r1')
  await http.join('r1')
  await http.join('r1', 'sesame')
  await http.leave('r1')
  await http.members('r1', { after: 'jun' })
  await http.addMember('r1', 'jun')
  await http.removeMember('r1', 'jun')
  await http.handOver('r1', 'jun')
  await http.messages('r1', { before: 42, limit: 100 })
  await http.search('r1', { q: '회의' })
  await http.send('r1', { text: 'hi', client_id: 'c' })
  await http.reply('r1', 42, { text: 'hi', client_id: 'c' })
  await http.edit('r1', 42, { text: 'ho', client_id: 'd' })
  await http.delete('r1', 42, 'e')
  await http.markRead('r1', 42)
  await http.profile('minji')
  await http.changeProfile({ status: 'busy' })
  await http.health()
  await http.ready()
  await http.metrics()
  t.strictSame(
    asked.map(({ line, body }) => (body === '' ? line : `${line} ${body}`)),
    [
      'POST /auth/register {"username":"minji","password":"correct horse"}',
      'POST /auth/login {"username":"minji","password":"correct horse"}',
      'POST /auth/refresh',
      'POST /auth/logout',
      'GET /auth/me',
      'GET /rooms?q=%EC%A0%90%EC%8B%AC&limit=10',
      'POST /rooms {"name":"Lunch"}',
      'GET /rooms/default',
      'GET /rooms/r1',
      'DELETE /rooms/r1',
      'POST /rooms/r1/join {}',
      'POST /rooms/r1/join {"password":"sesame"}',
      'POST /rooms/r1/leave {}',
      'GET /rooms/r1/members?after=jun',
      'PUT /rooms/r1/members/jun',
      'DELETE /rooms/r1/members/jun',
      'PUT /rooms/r1/owner {"username":"jun"}',
      'GET /rooms/r1/messages?before=42&limit=100',
      'GET /rooms/r1/messages/search?q=%ED%9A%8C%EC%9D%98',
      'POST /rooms/r1/messages {"text":"hi","client_id":"c"}',
      'POST /rooms/r1/messages/42/reply {"text":"hi","client_id":"c"}',
      'PUT /rooms/r1/messages/42 {"text":"ho","client_id":"d"}',
      'DELETE /rooms/r1/messages/42?client_id=e',
      'PUT /rooms/r1/read {"seq":42}',
      'GET /users/minji/profile',
      'PUT /users/me/profile {"status":"busy"}',
      'GET /health',
      'GET /ready',
      'GET /metrics',
    ],
  )
  t.ok(asked.every(({ headers }) => headers.authorization === 'Bearer a.b.c'))
  t.ok(asked.every(({ headers, body }) => (headers['content-type'] === 'application/json') === (body !== '')))
})

test('the next page of rooms comes from the Link header', async t => {
  const link = '</rooms?limit=50&after=%EC%A0%90%EC%8B%AC>; rel="next"'
  const { http } = await start(t, { headers: { link }, body: [] })
  t.strictSame(await http.rooms(), { rooms: [], next: '점심' })
  const last = await start(t, { body: [] })
  t.strictSame(await last.http.rooms(), { rooms: [] })
})

test('an error response becomes an ApiError with the server’s code and the time to wait', async t => {
  const { http } = await start(t, {
    status: 429,
    headers: { 'retry-after': '7' },
    body: { statusCode: 429, code: 'RATE_LIMITED', error: 'Too Many Requests', message: 'slow down' },
  })
  await t.rejects(http.me(), {
    name: 'ApiError',
    status: 429,
    code: 'RATE_LIMITED',
    message: 'slow down',
    retry_after_ms: 7000,
  })
})

test('a proxy’s own error format and a missing response become an ApiError, too', async t => {
  const { http } = await start(t, { status: 502, body: '<h1>Bad Gateway</h1>' })
  await t.rejects(http.me(), { status: 502, code: 'HTTP_502' })
  const page = await start(t, { body: '<h1>Welcome</h1>' })
  await t.rejects(page.http.me(), { status: 200, code: 'BAD_ANSWER' })
  const nobody = createHttp({ base_url: 'http://127.0.0.1:1' })
  await t.rejects(nobody.me(), { status: 0, code: 'UNREACHABLE' })
})
