import { type Test, test } from 'tap'
import { build, PASSWORD, register } from '../support/application.js'
import { eventually } from '../support/eventually.js'
import { connect, listen } from '../support/socket.js'

interface Line extends Record<string, unknown> {
  level: number
  msg: string
  reqId?: string
}

/** The application, and what it logs from now on. */
async function logged(t: Test, env: Record<string, string> = {}) {
  const lines: Line[] = []
  const stream = { write: (line: string) => void lines.push(JSON.parse(line)) }
  const app = await build(t, env, { options: { logger: { level: 'info', stream } } })
  lines.length = 0
  return { app, lines }
}

test('a request is one line with method, route, status, user, duration and id, which the response has, too', async t => {
  const { app, lines } = await logged(t)
  const { headers } = await register(app, 'minji')
  lines.length = 0
  const answer = await app.inject({ url: '/rooms/default/messages/search?q=hush', headers })
  t.equal(lines.length, 1)
  const [line] = lines as [Line]
  t.match(line, {
    ...{ level: 30, method: 'GET', route: '/rooms/:id/messages/search', path: '/rooms/default/messages/search' },
    ...{ status: 200, user: 'minji', address: '127.0.0.1', ms: Number },
    ...{ reqId: answer.headers['x-request-id'], msg: /^GET \/rooms\/:id\/messages\/search 200 in [\d.]+ ms$/ },
  })
  t.notMatch(JSON.stringify(line), 'hush')

  lines.length = 0
  const mine = await app.inject({ url: '/nothing', headers: { 'x-request-id': 'mine' } })
  t.match(lines, [{ status: 404, path: '/nothing', msg: /^GET \/nothing 404 in/ }])
  t.notOk('user' in (lines[0] as Line))
  t.match(mine.headers['x-request-id'], /^[\da-f-]{36}$/, 'an id of the client is not taken')
})

test('probes and scrapes are quiet, and refused requests have an id, too', async t => {
  const { app, lines } = await logged(t)
  for (const url of ['/health', '/ready', '/metrics']) {
    t.ok((await app.inject(url)).headers['x-request-id'], url)
  }
  t.same(lines, [])
  for (const url of ['/auth/me', '/rooms/default/ws', '/rooms/%zz']) {
    t.ok((await app.inject(url)).headers['x-request-id'], url)
  }
})

test('a WebSocket is one line when it opens', async t => {
  const { app, lines } = await logged(t)
  const origin = await listen(app)
  const { token } = await register(app, 'minji')
  lines.length = 0
  const socket = await connect(t, origin, '/rooms/default/ws', token)
  await socket.next('welcome')
  socket.ws.close()
  await socket.closed
  t.match(lines, [{ status: 101, route: '/rooms/:id/ws', user: 'minji', reqId: String }])
})

test('logins, logouts and removals write an audit line, failed ones too, and none holds a secret', async t => {
  const { app, lines } = await logged(t)
  const audits = () => lines.filter(({ audit }) => audit !== undefined)
  const minji = await register(app, 'minji')
  const bob = await register(app, 'bob')
  const post = (url: string, payload: object, headers = {}) => app.inject({ method: 'POST', url, payload, headers })
  await post('/auth/login', { username: 'minji', password: PASSWORD })
  await post('/auth/login', { username: 'minji', password: 'hush-hush-hush' })
  await post('/auth/login', { username: 'hush hush!', password: PASSWORD })
  const room = (await post('/rooms', { name: 'Plans' }, minji.headers)).json()
  await app.inject({ method: 'PUT', url: `/rooms/${room.id}/members/bob`, headers: minji.headers })
  await app.inject({ method: 'DELETE', url: `/rooms/${room.id}/members/minji`, headers: bob.headers })
  await app.inject({ method: 'DELETE', url: `/rooms/${room.id}/members/bob`, headers: minji.headers })
  await app.inject({ method: 'DELETE', url: `/rooms/${room.id}`, headers: minji.headers })
  await app.inject({ method: 'POST', url: '/auth/logout', headers: bob.headers })
  await eventually(() => audits().length === 9)
  const address = '127.0.0.1'
  t.match(audits(), [
    { audit: 'register', outcome: 'succeeded', user: 'minji', address, reqId: String },
    { audit: 'register', outcome: 'succeeded', user: 'bob', address },
    { audit: 'login', outcome: 'succeeded', user: 'minji', address, msg: 'audit: login by minji succeeded' },
    { audit: 'login', outcome: 'failed', status: 401, user: 'minji', address },
    { audit: 'login', outcome: 'failed', status: 401, user: undefined, address },
    { audit: 'member_removed', outcome: 'failed', status: 403, user: 'bob', member: 'minji', room_id: room.id },
    { audit: 'member_removed', outcome: 'succeeded', user: 'minji', member: 'bob', room_id: room.id },
    { audit: 'room_deleted', outcome: 'succeeded', user: 'minji', room_id: room.id },
    { audit: 'logout', outcome: 'succeeded', user: 'bob' },
  ])
  const all = JSON.stringify(lines)
  for (const secret of ['hush', PASSWORD, minji.token, bob.token]) t.notMatch(all, secret)
})
