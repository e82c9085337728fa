import { once } from 'node:events'
import { connect as connectTcp } from 'node:net'
import { test } from 'tap'
import { WebSocket } from 'ws'
import type { Client } from '../../../plugins/ws/client.js'
import { build, PASSWORD, register } from '../../support/application.js'
import { eventually } from '../../support/eventually.js'
import { type AnyFrame, connect, listen, open } from '../../support/socket.js'

const room_id = 'default'
const types = (frames: AnyFrame[]) => frames.map(({ type }) => type)

test('welcome comes first, each ack before its event, and edits and deletions are delivered', async t => {
  const app = await build(t)
  const origin = await listen(app)
  const { token } = await register(app, 'minji')
  const socket = await connect(t, origin, '/ws', token)
  socket.send({ type: 'subscribe', room_id })
  const welcome = await socket.next('welcome')
  t.match(welcome, { room_id, seq: 1, epoch: app.store.epoch, online: ['minji'], online_count: 1, resumed: false })
  socket.send({ type: 'send', room_id, client_id: 'c1', text: '안녕' })
  const message = await socket.next('message')
  t.match(message, { seq: 2, id: 2, room_id, username: 'minji', text: '안녕', client_id: 'c1' })
  socket.send({ type: 'send', room_id, client_id: 'c2', text: 'and?', reply_to: 2 })
  t.match(await socket.next('message'), { seq: 3, reply_to: 2 })
  socket.send({ type: 'edit', room_id, client_id: 'c3', id: 2, text: '안녕하세요' })
  t.match(await socket.next('edited'), { seq: 4, id: 2, text: '안녕하세요', username: 'minji' })
  socket.send({ type: 'delete', room_id, client_id: 'c4', id: 2 })
  t.match(await socket.next('deleted'), { seq: 5, id: 2 })
  const told = types(socket.frames).filter(type => type !== 'presence')
  t.same(told, ['welcome', 'ack', 'message', 'ack', 'message', 'ack', 'edited', 'ack', 'deleted'])
  const acks = socket.frames.filter(({ type }) => type === 'ack')
  t.same(
    acks.map(({ client_id, seq }) => [client_id, seq]),
    [
      ['c1', 2],
      ['c2', 3],
      ['c3', 4],
      ['c4', 5],
    ],
  )
})

test('a retry is answered like the first request and stored once', async t => {
  const app = await build(t)
  const origin = await listen(app)
  const { token } = await register(app, 'minji')
  const socket = await connect(t, origin, '/ws', token)
  const send = { type: 'send', room_id, client_id: 'c1', text: 'once' }
  socket.send(send, send, send)
  for (let i = 0; i < 3; i++) t.match(await socket.next('ack', { client_id: 'c1' }), { seq: 2 })
  socket.send({ ...send, text: 'other' })
  t.match(await socket.next('error'), { code: 'CLIENT_ID_REUSED', client_id: 'c1', room_id })
  socket.send({ type: 'delete', room_id, client_id: 'd1', id: 2 })
  t.match(await socket.next('ack', { client_id: 'd1' }), { seq: 3 })
  socket.send(send, { type: 'delete', room_id, client_id: 'd1', id: 2 })
  t.match(await socket.next('ack', { client_id: 'c1' }), { seq: 2 })
  t.match(await socket.next('ack', { client_id: 'd1' }), { seq: 3 })
  t.equal(await app.store.readHead(room_id), 3)
})

test('an invalid frame gets an error code and stores nothing, and the third malformed one closes the socket', async t => {
  const app = await build(t)
  const origin = await listen(app)
  const { token } = await register(app, 'minji')
  const socket = await connect(t, origin, '/ws', token)
  const bad = [
    [{ type: 'send', room_id, client_id: 'c', text: ' ' }, 'BAD_FRAME'],
    [{ type: 'send', room_id, client_id: 'c', text: 'x', __proto__x: 1 }, 'BAD_FRAME'],
    [{ type: 'send', room_id: 'nowhere', client_id: 'c', text: 'x' }, 'ROOM_NOT_FOUND'],
    [{ type: 'send', room_id, client_id: 'c', text: 'x', reply_to: 99 }, 'MESSAGE_NOT_FOUND'],
    [{ type: 'edit', room_id, client_id: 'c', id: 1, text: 'x' }, 'MESSAGE_NOT_FOUND'],
    [{ type: 'delete', room_id, client_id: 'c', id: 99 }, 'MESSAGE_NOT_FOUND'],
    [{ type: 'typing', room_id, on: true }, 'NOT_SUBSCRIBED'],
    [{ type: 'subscribe', room_id: 'nowhere' }, 'ROOM_NOT_FOUND'],
    [{ type: 'subscribe', room_id, after: -1 }, 'BAD_FRAME'],
    [{ type: 'subscribe', room_id, after: 1e308 }, 'BAD_FRAME'],
    [{ type: 'auth', token: 'x' }, 'UNAUTHORIZED'],
    [{ type: 'nope' }, 'BAD_FRAME'],
  ] as const
  for (const [frame, code] of bad) {
    socket.send(frame)
    t.match(await socket.next('error'), { code }, JSON.stringify(frame))
  }
  socket.ws.send('not json')
  socket.ws.send(Buffer.from([1, 2, 3]), { binary: true })
  await socket.settled()
  socket.ws.send('[]')
  t.match(await socket.closed, { code: 4400 })
  t.equal(socket.frames.filter(({ code }) => code === 'MALFORMED_FRAME').length, 3)
  t.equal(await app.store.readHead(room_id), 1)
})

test('a frame that is not UTF-8 closes the socket with 1007, one over 64 KiB with 1009', async t => {
  const app = await build(t)
  const origin = await listen(app)
  const { token } = await register(app, 'minji')
  const broken = await connect(t, origin, '/ws', token)
  broken.ws.send(Buffer.from([0xff, 0xfe]), { binary: false })
  t.match(await broken.closed, { code: 1007 })
  const big = await connect(t, origin, '/ws', token)
  big.send({ type: 'send', room_id, client_id: 'c', text: 'x'.repeat(65_536) })
  t.match(await big.closed, { code: 1009 })
  t.equal((await app.inject('/health')).statusCode, 200)
})

test('frames in the same packet as the handshake are not lost, however long the token lookup takes', async t => {
  const app = await build(t)
  const { authenticate } = app.auth
  app.auth.authenticate = async token => {
    await new Promise(resolve => setTimeout(resolve, 100))
    return authenticate(token)
  }
  const origin = new URL(await listen(app))
  const { token } = await register(app, 'minji')
  const tcp = connectTcp(Number(origin.port), origin.hostname)
  t.teardown(() => tcp.destroy())
  const payload = Buffer.from(JSON.stringify({ type: 'send', room_id, client_id: 'first', text: 'early' }))
  const mask = Buffer.from([1, 2, 3, 4])
  const masked = payload.map((byte, index) => byte ^ (mask[index % 4] as number))
  const frame = Buffer.concat([Buffer.of(0x81, 0x80 | payload.length), mask, masked])
  const upgrade = [
    'GET /ws HTTP/1.1',
    `Host: ${origin.host}`,
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    `Authorization: Bearer ${token}`,
  ]
  tcp.write(Buffer.concat([Buffer.from(`${upgrade.join('\r\n')}\r\n\r\n`), frame, frame]))
  let received = ''
  for await (const data of tcp) {
    received += data
    if (received.split('"ack"').length === 3) break
  }
  t.match(received, /^HTTP\/1.1 101 /)
  t.equal(await app.store.readHead(room_id), 2)
})

test('a one-room socket follows its room from the start and no other room', async t => {
  const app = await build(t)
  const origin = await listen(app)
  const { token } = await register(app, 'minji')
  await app.messages.send(room_id, 'minji', { client_id: 'a', text: 'before' })
  const socket = await connect(t, origin, `/rooms/default/ws?after=1&epoch=${app.store.epoch}`, token)
  t.match(await socket.next('welcome'), { resumed: true, seq: 2 })
  t.match(await socket.next('message'), { seq: 2, text: 'before' })
  socket.send({ type: 'subscribe', room_id: 'other' }, { type: 'send', room_id: 'other', client_id: 'c', text: 'x' })
  t.match(await socket.next('error'), { code: 'BAD_FRAME' })
  t.match(await socket.next('error'), { code: 'BAD_FRAME' })
  socket.send({ type: 'send', room_id, client_id: 'b', text: 'mine' })
  t.match(await socket.next('message'), { seq: 3, text: 'mine' })
  t.match(await open(t, origin, '/rooms/nowhere/ws', token).closed, { code: 4404 })
})

test('an inaccessible room or an invalid token closes the socket with the matching code', async t => {
  const app = await build(t)
  const origin = await listen(app)
  const [minji, seojun] = [await register(app, 'minji'), await register(app, 'seojun')]
  const hidden = await app.rooms.create('minji', { name: 'hidden', is_public: false })
  const visible = await app.rooms.create('minji', { name: 'visible' })
  t.match(await open(t, origin, `/rooms/${hidden.id}/ws`, seojun.token).closed, { code: 4404 })
  t.match(await open(t, origin, `/rooms/${visible.id}/ws`, seojun.token).closed, { code: 4403 })
  t.match(await open(t, origin, '/ws', `${minji.token}x`).closed, { code: 4401 })
  const many = await connect(t, origin, '/ws', seojun.token)
  many.send({ type: 'subscribe', room_id: hidden.id }, { type: 'subscribe', room_id: visible.id })
  t.match(await many.next('error', { room_id: hidden.id }), { code: 'ROOM_NOT_FOUND' })
  t.match(await many.next('error', { room_id: visible.id }), { code: 'NOT_MEMBER' })
})

test('a room id that no room has, and an invalid query, are told by a close code', async t => {
  const app = await build(t)
  const origin = await listen(app)
  const { token } = await register(app, 'minji')
  const code = async (path: string, with_token = token) => (await open(t, origin, path, with_token).closed).code
  t.equal(await code(`/rooms/${'x'.repeat(33)}/ws`), 4404)
  t.equal(await code('/rooms/a.b/ws'), 4404)
  t.equal(await code('/rooms/%EB%B0%A9/ws?after=1'), 4404)
  for (const query of ['after=x', 'after=-1', 'before=1', `epoch=${'x'.repeat(65)}`]) {
    t.equal(await code(`/rooms/default/ws?${query}`), 4400, query)
  }
  t.equal(await code('/ws?after=1'), 4400)
  t.equal(await code('/ws?after=1', 'head.body.sign'), 4401, 'an invalid token is told first')
})

test('before the upgrade, a missing token gets 401, and the cookie from a page of another origin gets 403', async t => {
  const app = await build(t)
  const origin = await listen(app)
  const { token } = await register(app, 'minji')
  const refused = async (headers: Record<string, string>) => {
    const ws = new WebSocket(`${origin.replace('http', 'ws')}/ws`, { headers })
    const [, response] = await once(ws, 'unexpected-response')
    response.destroy()
    ws.on('error', () => {})
    ws.terminate()
    return response.statusCode
  }
  t.equal(await refused({}), 401)
  const foreign = [
    'null',
    'http://evil.example',
    `${origin}.evil.example`,
    'http://127.0.0.1:1',
    origin.replace('http', 'https'),
  ]
  for (const page of foreign) t.equal(await refused({ cookie: `token=${token}`, origin: page }), 403, page)
  t.equal(await refused({ cookie: `token=${token}` }), 403, 'no Origin at all')
  const ours = new WebSocket(`${origin.replace('http', 'ws')}/ws`, { headers: { cookie: `token=${token}`, origin } })
  t.teardown(() => ours.terminate())
  await once(ours, 'open')
  t.equal(ours.protocol, '')
})

test('the token in the subprotocol is not echoed', async t => {
  const app = await build(t)
  const origin = await listen(app)
  const { token } = await register(app, 'minji')
  const socket = await connect(t, origin, '/ws', token)
  t.equal(socket.ws.protocol, 'talkie.v1')
})

test('the end of a session closes its own sockets and no others', async t => {
  const app = await build(t)
  const origin = await listen(app)
  const { token } = await register(app, 'minji')
  const login = await app.inject({
    method: 'POST',
    url: '/auth/login',
    payload: { username: 'minji', password: 'correct horse battery' },
  })
  const other = login.json().token as string
  const [ended, kept] = [await connect(t, origin, '/ws', token), await connect(t, origin, '/ws', other)]
  await Promise.all([ended.settled(), kept.settled()])
  await app.inject({ method: 'POST', url: '/auth/logout', headers: { authorization: `Bearer ${token}` } })
  t.match(await ended.closed, { code: 4401 })
  await kept.settled()
})

test('a session that ends in the turn in which its token was verified admits no socket', async t => {
  const app = await build(t)
  const origin = await listen(app)
  const [minji, seojun] = [await register(app, 'minji'), await register(app, 'seojun')]
  const payload = { username: 'seojun', password: PASSWORD }
  const other = await app.inject({ method: 'POST', url: '/auth/login', payload })
  const stays = await connect(t, origin, '/ws', seojun.token)
  await stays.settled()
  const { authenticate, logout } = app.auth
  let times = 0
  app.auth.authenticate = async token => {
    const identity = await authenticate(token)
    if (--times === 0) await logout(identity)
    return identity
  }
  times = 1
  const late = open(t, origin, '/rooms/default/ws', minji.token)
  t.match(await Promise.race([late.closed, once(late.ws, 'message')]), { code: 4401 })
  times = 1
  stays.send({ type: 'auth', token: other.json<{ token: string }>().token })
  const [answer] = (await once(stays.ws, 'message')) as [Buffer]
  t.match(JSON.parse(answer.toString()), { type: 'error', code: 'UNAUTHORIZED' })
  await stays.settled()
})

test('an expired token closes its socket unless it was renewed in time', async t => {
  const app = await build(t)
  const origin = await listen(app)
  const { token } = await register(app, 'minji')
  const [expiring, renewed] = [await connect(t, origin, '/ws', token), await connect(t, origin, '/ws', token)]
  await Promise.all([expiring.settled(), renewed.settled()])
  const identity = await app.auth.authenticate(token)
  const { now } = Date
  t.teardown(() => Object.assign(Date, { now }))
  Date.now = () => identity.expires_at - 60_000
  const { token: fresh } = await app.auth.refresh(identity)
  renewed.send({ type: 'auth', token: fresh })
  const { expires_at } = await renewed.next('authenticated')
  t.ok(Date.parse(expires_at as string) > identity.expires_at)
  await expiring.settled()
  Date.now = () => identity.expires_at
  t.match(await expiring.closed, { code: 4401 })
  await renewed.settled()
})

test('the token of another user cannot take over a socket', async t => {
  const app = await build(t)
  const origin = await listen(app)
  const [minji, seojun] = [await register(app, 'minji'), await register(app, 'seojun')]
  const socket = await connect(t, origin, '/ws', minji.token)
  socket.send({ type: 'auth', token: seojun.token })
  t.match(await socket.next('error'), { code: 'UNAUTHORIZED' })
  socket.send({ type: 'send', room_id, client_id: 'c', text: 'still me' })
  await socket.next('ack')
  const { messages } = await app.messages.page(room_id, 'minji', {})
  t.match(messages, [{ username: 'minji' }])
})

test('typing is delivered, and ends with the message and with the socket', async t => {
  const app = await build(t)
  const origin = await listen(app)
  const [minji, seojun] = [await register(app, 'minji'), await register(app, 'seojun')]
  const [writer, reader] = [
    await connect(t, origin, '/rooms/default/ws', minji.token),
    await connect(t, origin, '/rooms/default/ws', seojun.token),
  ]
  await Promise.all([writer.next('welcome'), reader.next('welcome')])
  writer.send({ type: 'typing', room_id, on: true })
  t.match(await reader.next('typing'), { username: 'minji', on: true })
  writer.send({ type: 'send', room_id, client_id: 'c', text: 'done' })
  t.match(await reader.next('typing'), { username: 'minji', on: false })
  writer.send({ type: 'typing', room_id, on: true })
  t.match(await reader.next('typing'), { on: true })
  writer.ws.terminate()
  t.match(await reader.next('typing'), { username: 'minji', on: false })
})

test('a read mark that moved is sent only to the other sockets of its user', async t => {
  const app = await build(t)
  const origin = await listen(app)
  const [minji, seojun] = [await register(app, 'minji'), await register(app, 'seojun')]
  await app.messages.send(room_id, 'seojun', { client_id: 'a', text: 'one' })
  await app.messages.send(room_id, 'seojun', { client_id: 'b', text: 'two' })
  const [one, two, other] = await Promise.all([
    connect(t, origin, '/ws', minji.token),
    connect(t, origin, '/ws', minji.token),
    connect(t, origin, '/ws', seojun.token),
  ])
  await Promise.all([one.settled(), two.settled(), other.settled()])
  one.send({ type: 'read', room_id, seq: 2 })
  t.match(await two.next('read'), { room_id, seq: 2 })
  // A mark that does not move is told to no socket.
  for (const seq of [2, 1, 2]) one.send({ type: 'read', room_id, seq })
  await one.settled()
  one.send({ type: 'read', room_id, seq: 1_000_000 })
  t.match(await two.next('read'), { seq: 3 })
  await Promise.all([one.settled(), other.settled()])
  t.same(
    types(one.frames).filter(type => type === 'read'),
    [],
  )
  t.same(
    types(other.frames).filter(type => type === 'read'),
    [],
  )
})

test('a profile change is sent to the default room and those in which its user is online', async t => {
  const app = await build(t)
  const origin = await listen(app)
  const [minji, seojun] = [await register(app, 'minji'), await register(app, 'seojun')]
  const reader = await connect(t, origin, '/rooms/default/ws', seojun.token)
  await reader.next('welcome')
  await app.users.change('minji', { display_name: '민지' })
  t.match(await reader.next('profile'), { username: 'minji', display_name: '민지' }, 'without a socket')

  const { id } = await app.rooms.create('minji', { name: 'Lunch', is_public: true })
  await app.rooms.join(id, 'seojun', undefined)
  const [there, other] = [
    await connect(t, origin, `/rooms/${id}/ws`, minji.token),
    await connect(t, origin, `/rooms/${id}/ws`, seojun.token),
  ]
  await Promise.all([there.next('welcome'), other.next('welcome')])
  await app.users.change('minji', { display_name: '김민지' })
  t.match(await other.next('profile'), { username: 'minji', display_name: '김민지' })
})

test('a user who created, joined or was added to a room is notified on all sockets, and no other user is', async t => {
  const app = await build(t)
  const origin = await listen(app)
  const [minji, jun] = [await register(app, 'minji'), await register(app, 'jun')]
  const all = await connect(t, origin, '/ws', minji.token)
  const one = await connect(t, origin, '/rooms/default/ws', minji.token)
  const other = await connect(t, origin, '/ws', jun.token)
  for (const socket of [all, one, other]) await socket.settled()
  const own = await app.rooms.create('minji', { name: 'Books', is_public: false })
  t.match(await all.next('admitted'), { room_id: own.id })
  t.match(await one.next('admitted'), { room_id: own.id })
  await app.rooms.addMember(own.id, 'minji', 'JUN')
  t.match(await other.next('admitted'), { room_id: own.id })
  await app.rooms.addMember(own.id, 'minji', 'jun')
  const film = await app.rooms.create('jun', { name: 'Film' })
  await app.rooms.join(film.id, 'minji', undefined)
  t.match(await all.next('admitted'), { room_id: film.id })
  await Promise.all([all.settled(), other.settled()])
  const admitted = ({ frames }: typeof all) => frames.filter(({ type }) => type === 'admitted').map(f => f.room_id)
  t.same(admitted(all), [own.id, film.id])
  t.same(admitted(other), [own.id, film.id], 'once, although added twice')
})

test('too many sockets of a user are closed with 4429', async t => {
  const app = await build(t, { MAX_SOCKETS_PER_USER: '2' })
  const origin = await listen(app)
  const { token } = await register(app, 'minji')
  const [first] = [await connect(t, origin, '/ws', token), await connect(t, origin, '/ws', token)]
  await first?.settled()
  t.match(await open(t, origin, '/ws', token).closed, { code: 4429 })
  first?.ws.close()
  await first?.closed
  // The server may see its own end of that socket a moment later.
  await eventually(() => app.ws.hub.clients.size === 1)
  await (await connect(t, origin, '/ws', token)).settled()
})

test('too many sockets of an address are closed with 4429', async t => {
  const app = await build(t, { MAX_SOCKETS_PER_ADDRESS: '1' })
  const origin = await listen(app)
  const { token } = await register(app, 'minji')
  await (await connect(t, origin, '/ws', token)).settled()
  t.match(await open(t, origin, '/ws', token).closed, { code: 4429 })
})

test('a limit says when to retry, and a rejected message is not stored', async t => {
  const app = await build(t, { RATE_LIMIT_SENDS_PER_SECOND: '1' })
  const origin = await listen(app)
  const { token } = await register(app, 'minji')
  const socket = await connect(t, origin, '/ws', token)
  const send = (client_id: string) => ({ type: 'send', room_id, client_id, text: client_id })
  socket.send(send('a'), send('b'), send('c'))
  await socket.next('ack', { client_id: 'b' })
  const refused = await socket.next('error', { client_id: 'c' })
  t.match(refused, { code: 'RATE_LIMITED', retry_after_ms: Number })
  t.equal(await app.store.readHead(room_id), 3)
})

test('a socket over the frame rate is slowed: every frame is answered, none sooner than the rate allows', async t => {
  const app = await build(t, { RATE_LIMIT_FRAMES_PER_SECOND: '20' })
  const origin = await listen(app)
  const { token } = await register(app, 'minji')
  const socket = await connect(t, origin, '/ws', token)
  await socket.settled()
  const began = performance.now()
  for (let i = 0; i < 60; i++) socket.send({ type: 'ping' })
  for (let i = 0; i < 60; i++) await socket.next('pong')
  t.ok(performance.now() - began > 900, 'a burst of 40, then 20 a second')
})

test('a client out of budget is slowed, and gets no further socket', async t => {
  const app = await build(t)
  const origin = await listen(app)
  const { token } = await register(app, 'minji')
  const socket = await connect(t, origin, '/ws', token)
  await socket.settled()
  const budget = app.budgets.ofAccount('minji')
  budget.charge(3_050_000)
  const began = performance.now()
  socket.send({ type: 'ping' }, { type: 'ping' })
  await socket.next('pong')
  await socket.next('pong')
  t.ok(performance.now() - began > 300, 'it waited for its budget')
  budget.charge(60_000_000)
  const refused = await fetch(`${origin}/auth/me`, { headers: { authorization: `Bearer ${token}` } })
  t.equal(refused.status, 429)
  t.ok(Number(refused.headers.get('retry-after')) > 300)
  const other = await register(app, 'jun')
  await (await connect(t, origin, '/ws', other.token)).settled()
})

test('a message in more than 64 fragments closes the socket', async t => {
  const app = await build(t)
  const origin = await listen(app)
  const { token } = await register(app, 'minji')
  const socket = await connect(t, origin, '/ws', token)
  await socket.settled()
  for (let i = 0; i < 70; i++) socket.ws.send(i === 0 ? '{' : ' ', { fin: false })
  t.match(await socket.closed, { code: 1008 })
})

test('a socket that only listens stays open; one that does not complete a message within 30 s is closed', async t => {
  const app = await build(t)
  const origin = await listen(app)
  const { token } = await register(app, 'minji')
  const socket = await connect(t, origin, '/ws', token)
  await eventually(() => app.ws.hub.clients.size === 1)
  const [client] = app.ws.hub.clients as Set<Client>
  const now = performance.now()
  const tick = (at_ms: number) => client?.tick(Date.now(), now + at_ms, 1e9)
  for (const at_ms of [0, 31_000]) tick(at_ms)
  await socket.settled()
  const before = client?.socket.bytesRead
  socket.ws.send('{', { fin: false })
  await eventually(() => client?.socket.bytesRead !== before)
  for (const at_ms of [40_000, 69_000]) tick(at_ms)
  t.ok(client?.open)
  tick(71_000)
  t.match(await socket.closed, { code: 1006 })
})
