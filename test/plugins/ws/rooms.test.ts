import { once } from 'node:events'
import { connect as connectTcp } from 'node:net'
import { mock } from 'node:test'
import { test } from 'tap'
import { readConfig } from '../../../plugins/config/index.js'
import { serverOptions } from '../../../plugins/config/server-options.js'
import { build, register } from '../../support/application.js'
import { eventually } from '../../support/eventually.js'
import { connect, listen, type TestSocket } from '../../support/socket.js'

const seqs = ({ frames }: TestSocket) =>
  frames.filter(({ seq, type }) => seq && type !== 'welcome' && type !== 'ack').map(({ seq }) => seq)
const upTo = (head: number, from = 1) => Array.from({ length: head - from + 1 }, (_, index) => from + index)

test('a removed member receives the removal as the last event, whatever is sent meanwhile', async t => {
  const app = await build(t)
  const origin = await listen(app)
  const [minji, seojun] = [await register(app, 'minji'), await register(app, 'seojun')]
  const { id } = await app.rooms.create('minji', { name: 'room' })
  for (let round = 0; round < 20; round++) {
    await app.rooms.join(id, 'seojun', undefined)
    const one = await connect(t, origin, `/rooms/${id}/ws`, seojun.token)
    const many = await connect(t, origin, '/ws', seojun.token)
    many.send({ type: 'subscribe', room_id: id })
    await Promise.all([one.next('welcome'), many.next('welcome')])
    const saying = Array.from({ length: 10 }, (_, n) =>
      app.messages.send(id, 'minji', { client_id: `${round}:${n}`, text: 'x' }),
    )
    const removing = app.rooms.removeMember(id, 'minji', 'seojun')
    await Promise.all([...saying, removing])
    t.match(await one.closed, { code: 4403 })
    t.match(await many.next('error'), { code: 'NOT_MEMBER', room_id: id })
    await many.settled()
    for (const socket of [one, many]) {
      const last = socket.frames.findLast(({ seq, type }) => seq && type !== 'ack')
      t.match(last, { type: 'removed', member: 'seojun' })
    }
    many.send({ type: 'send', room_id: id, client_id: `out ${round}`.replace(' ', '-'), text: 'let me in' })
    t.match(await many.next('error'), { code: 'NOT_MEMBER' })
    many.ws.close()
  }
  t.equal((await app.inject({ url: `/rooms/${id}/messages`, headers: minji.headers })).json().messages.length, 50)
  t.equal((await app.inject({ url: `/rooms/${id}/messages`, headers: seojun.headers })).statusCode, 403)
})

test('leaving a room closes the user’s sockets in it; deleting it closes everyone’s', async t => {
  const app = await build(t)
  const origin = await listen(app)
  const [minji, seojun] = [await register(app, 'minji'), await register(app, 'seojun')]
  const { id } = await app.rooms.create('minji', { name: 'room' })
  await app.rooms.join(id, 'seojun', undefined)
  const leaving = await connect(t, origin, `/rooms/${id}/ws`, seojun.token)
  const staying = await connect(t, origin, `/rooms/${id}/ws`, minji.token)
  await Promise.all([leaving.next('welcome'), staying.next('welcome')])
  await app.rooms.leave(id, 'seojun')
  t.match(await leaving.closed, { code: 4403 })
  t.match(await staying.next('left'), { member: 'seojun' })
  await app.rooms.remove(id, 'minji')
  await staying.next('room_deleted')
  t.match(await staying.closed, { code: 4404 })
})

test('a resuming socket gets every event after the last one seen, once and in order, while others keep sending', async t => {
  const app = await build(t)
  const origin = await listen(app)
  const { token } = await register(app, 'minji')
  const room_id = 'default'
  let said = 0
  let saying = true
  const talk = (async () => {
    while (saying) await app.messages.send(room_id, 'minji', { client_id: `t${said}`, text: String(said++) })
  })()
  for (let round = 0; round < 15; round++) {
    const after = Math.max(0, (await app.store.readHead(room_id)) - round * 20)
    const socket = await connect(t, origin, `/rooms/default/ws?after=${after}&epoch=${app.store.epoch}`, token)
    const { seq, resumed } = await socket.next('welcome')
    t.ok(resumed)
    await socket.next('message', { seq: (seq as number) + 30 })
    const got = seqs(socket)
    t.same(got, upTo(got.at(-1) as number, after + 1))
    socket.ws.terminate()
  }
  saying = false
  await talk
})

test('resuming works with nothing missed, with nothing received yet, and twice from the same seq', async t => {
  const app = await build(t)
  const origin = await listen(app)
  const { token } = await register(app, 'minji')
  const socket = await connect(t, origin, '/ws', token)
  socket.send({ type: 'subscribe', room_id: 'default', after: 0 })
  t.match(await socket.next('welcome'), { resumed: true })
  t.match(await socket.next('created'), { seq: 1 })
  for (let again = 0; again < 2; again++) {
    socket.send({ type: 'subscribe', room_id: 'default', after: 1 })
    t.match(await socket.next('welcome'), { resumed: true, seq: 1 })
  }
  await app.messages.send('default', 'minji', { client_id: 'a', text: 'x' })
  t.match(await socket.next('message'), { seq: 2 })
  await socket.settled()
  t.same(seqs(socket), [1, 2])
})

test('of overlapping subscribes to a room the last one is answered, and each event comes once', async t => {
  const app = await build(t)
  const origin = await listen(app)
  const { token } = await register(app, 'minji')
  for (const n of upTo(5)) await app.messages.send('default', 'minji', { client_id: `c${n}`, text: 'x' })
  const socket = await connect(t, origin, '/ws', token)
  const subscribe = (more: object = {}) => ({ type: 'subscribe', room_id: 'default', ...more })
  const answers = ({ frames }: TestSocket) => frames.filter(({ type }) => /welcome|reset|error/.test(type)).length
  // A store that is slow enough for subscribes to overlap.
  let release = () => {}
  let reads = 0
  const { readState } = app.store
  function hold() {
    const held = new Promise<void>(resolve => {
      release = resolve
    })
    app.store.readState = async (...query) => {
      reads++
      await held
      return readState(...query)
    }
  }

  hold()
  socket.send(subscribe({ after: 0 }), subscribe({ after: 1000 }), subscribe(), subscribe({ after: 3 }))
  await socket.settled()
  await eventually(() => reads === 1)
  t.equal(answers(socket), 0)
  release()
  t.match(await socket.next('welcome'), { seq: 6, resumed: true })
  await app.messages.send('default', 'minji', { client_id: 'live', text: 'x' })
  await socket.next('message', { seq: 7 })
  await socket.settled()
  t.same(seqs(socket), [4, 5, 6, 7])
  t.equal(answers(socket), 1)

  hold()
  socket.send(subscribe(), { type: 'unsubscribe', room_id: 'default' })
  await socket.next('unsubscribed')
  release()
  await app.messages.send('default', 'minji', { client_id: 'unheard', text: 'x' })
  await socket.settled()
  t.same(seqs(socket), [4, 5, 6, 7], 'the last frame ended the subscription')
  t.equal(answers(socket), 1)
})

test('another epoch, a seq beyond the head, and a gap of over 1,000 events get a reset, then live events', async t => {
  const app = await build(t)
  const origin = await listen(app)
  const { token } = await register(app, 'minji')
  await Promise.all(
    Array.from({ length: 1001 }, (_, n) => app.messages.send('default', 'minji', { client_id: `c${n}`, text: 'x' })),
  )
  const head = await app.store.readHead('default')
  t.equal(head, 1002)
  const socket = await connect(t, origin, '/ws', token)
  for (const [from, resumed] of [
    [{ after: 0 }, false],
    [{ after: head + 1 }, false],
    [{ after: head, epoch: 'another' }, false],
    [{ after: head - 1000, epoch: app.store.epoch }, true],
  ] as const) {
    socket.send({ type: 'subscribe', room_id: 'default', ...from })
    t.match(await socket.next('welcome'), { resumed, seq: head })
    if (!resumed) t.match(await socket.next('reset'), { room_id: 'default', seq: head, epoch: app.store.epoch })
  }
  await app.messages.send('default', 'minji', { client_id: 'live', text: 'live' })
  await socket.next('message', { text: 'live' })
  t.same(seqs(socket).slice(-1001), upTo(head + 1, head - 999))
})

test('a socket that does not read is closed as too slow; the others get every event', async t => {
  const app = await build(t)
  const origin = await listen(app)
  const { token } = await register(app, 'minji')
  const slow = await connect(t, origin, '/rooms/default/ws', token)
  const quick = await connect(t, origin, '/rooms/default/ws', token)
  await Promise.all([slow.next('welcome'), quick.next('welcome')])
  slow.ws.pause()
  const text = '가'.repeat(2000)
  const COUNT = 2500
  for (let n = 0; n < COUNT; n += 100) {
    await Promise.all(
      Array.from({ length: 100 }, (_, i) => app.messages.send('default', 'minji', { client_id: `c${n + i}`, text })),
    )
  }
  await quick.next('message', { seq: COUNT + 1 })
  t.same(seqs(quick), upTo(COUNT + 1, 2))
  slow.ws.resume()
  const { code } = await slow.closed
  t.ok(code === 4408 || code === 1006, `closed with ${code}`)
  const seen = seqs(slow).at(-1) as number
  t.ok(seen < COUNT)
  const back = await connect(t, origin, `/rooms/default/ws?after=${Math.max(seen, COUNT - 900)}`, token)
  await back.next('message', { seq: COUNT + 1 })
})

test('a dead connection is detected by its missing pongs', async t => {
  const app = await build(t, { HEARTBEAT_MS: '100' })
  const origin = new URL(await listen(app))
  const { token } = await register(app, 'minji')
  const alive = await connect(t, origin.origin, '/rooms/default/ws', token)
  t.match(await alive.next('welcome'), { heartbeat_ms: 100 })
  const silent = connectTcp(Number(origin.port), origin.hostname)
  t.teardown(() => silent.destroy())
  silent.write(
    `GET /ws HTTP/1.1\r\nHost: ${origin.host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nAuthorization: Bearer ${token}\r\n\r\n`,
  )
  silent.resume()
  await once(silent, 'close')
  await alive.settled()
  t.equal(app.ws.hub.clients.size, 1)
})

test('a drain acknowledges what was sent, tells clients when to reconnect, and admits no new sockets', async t => {
  const app = await build(t)
  const origin = await listen(app)
  const { token } = await register(app, 'minji')
  const sockets = await Promise.all(Array.from({ length: 5 }, () => connect(t, origin, '/rooms/default/ws', token)))
  await Promise.all(sockets.map(socket => socket.next('welcome')))
  for (const [n, socket] of sockets.entries()) {
    for (let i = 0; i < 20; i++) socket.send({ type: 'send', room_id: 'default', client_id: `${n}:${i}`, text: 'x' })
  }
  const last = await (sockets[0] as TestSocket).next('ack', { client_id: '0:0' })
  t.ok(last)
  await app.close()
  for (const socket of sockets) {
    const { code, reason } = await socket.closed
    t.equal(code, 1012)
    t.ok(JSON.parse(reason).retry_after_ms > 0)
  }
  const acked = sockets.flatMap(({ frames }) =>
    frames.filter(({ type }) => type === 'ack').map(({ client_id }) => client_id),
  )
  const told = new Set(
    (sockets[0] as TestSocket).frames.filter(({ type }) => type === 'message').map(({ client_id }) => client_id),
  )
  t.ok(acked.length > 0)
  t.equal(new Set(acked).size, acked.length)
  t.ok(told.size > 0)
})

test('a socket that connects during a drain is closed at once, and the drain ends when no socket is left', async t => {
  // The test does not take an hour, although the second socket would be closed after half of it.
  const app = await build(t, { DRAIN_MS: '3600000' })
  const origin = await listen(app)
  const { token } = await register(app, 'minji')
  const [first, second] = [await connect(t, origin, '/ws', token), await connect(t, origin, '/ws', token)]
  await second.settled()
  const closing = app.close()
  t.equal((await first.closed).code, 1012)
  const late = await connect(t, origin, '/rooms/default/ws', token)
  const { code, reason } = await late.closed
  t.equal(code, 1012)
  t.ok(JSON.parse(reason).retry_after_ms > 0)
  second.send({ type: 'send', room_id: 'default', client_id: 'during', text: 'still here' })
  await second.next('ack', { client_id: 'during' })
  second.ws.close()
  await closing
})

test('a drain closes sockets one after the other, evenly over its time', async t => {
  const STEP_MS = 600_000
  const env = { DRAIN_MS: String(4 * STEP_MS), HEARTBEAT_MS: String(100 * STEP_MS) }
  // The bound that the server itself sets on its closing hooks.
  const pluginTimeout = serverOptions(readConfig(env)).pluginTimeout as number
  const app = await build(t, env, { options: { pluginTimeout } })
  const origin = await listen(app)
  const { token } = await register(app, 'minji')
  const sockets: TestSocket[] = []
  for (let n = 0; n < 4; n++) {
    const socket = await connect(t, origin, '/ws', token)
    await socket.settled()
    sockets.push(socket)
  }
  // The test controls the clock.
  const { now } = performance
  let passed_ms = 0
  performance.now = () => now.call(performance) + passed_ms
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => {
    mock.timers.reset()
    Object.assign(performance, { now })
  })
  const pass = (ms: number) => {
    passed_ms += ms
    mock.timers.tick(ms)
  }
  const closing = app.close()
  for (const [n, socket] of sockets.entries()) {
    t.equal((await socket.closed).code, 1012)
    const next = sockets[n + 1]
    pass(STEP_MS / 2)
    await next?.settled()
    pass(STEP_MS / 2)
  }
  await closing
})

test('a socket closed by a restart in a flood of messages has an ack for everything that was committed', async t => {
  const app = await build(t)
  const origin = await listen(app)
  const { token } = await register(app, 'minji')
  const socket = await connect(t, origin, '/rooms/default/ws', token)
  await socket.next('welcome')
  const send = (client_id: string) => socket.send({ type: 'send', room_id: 'default', client_id, text: client_id })
  for (let n = 0; n < 400; n++) send(`n:${n}`)
  await socket.next('ack', { client_id: 'n:0' })
  await app.close()
  t.equal((await socket.closed).code, 1012)
  const acked = socket.frames.filter(({ type }) => type === 'ack').map(({ client_id }) => client_id)
  const told = socket.frames.filter(({ type }) => type === 'message').map(({ client_id }) => client_id)
  t.strictSame(acked.sort(), told.sort())
})

test('changes of the online state are sent, once for a user with several sockets', async t => {
  const app = await build(t)
  const origin = await listen(app)
  const [minji, seojun] = [await register(app, 'minji'), await register(app, 'seojun')]
  const watching = await connect(t, origin, '/rooms/default/ws', minji.token)
  await watching.next('welcome')
  const tabs = await Promise.all([1, 2].map(() => connect(t, origin, '/rooms/default/ws', seojun.token)))
  t.match(await watching.next('presence', { username: 'seojun' }), { online: true, online_count: 2 })
  const { online } = (await app.inject({ url: '/users/seojun/profile', headers: minji.headers })).json()
  t.equal(online, true)
  for (const tab of tabs) tab.ws.terminate()
  t.match(await watching.next('presence', { username: 'seojun' }), { online: false, online_count: 1 })
  t.equal(watching.frames.filter(({ type, username }) => type === 'presence' && username === 'seojun').length, 2)
})

test('a muted member cannot type, on sockets from before the mute and after it, until it ends', async t => {
  const app = await build(t)
  const origin = await listen(app)
  const [, seojun] = [await register(app, 'minji'), await register(app, 'seojun')]
  const { id } = await app.rooms.create('minji', { name: 'room' })
  await app.rooms.join(id, 'seojun', undefined)
  const before = await connect(t, origin, `/rooms/${id}/ws`, seojun.token)
  await before.next('welcome')
  before.send({ type: 'typing', room_id: id, on: true })
  await before.next('typing')
  const until = new Date(Date.now() + 3_600_000).toISOString()
  await app.rooms.mute(id, 'minji', 'seojun', { until })
  await before.next('muted')
  const after = await connect(t, origin, `/rooms/${id}/ws`, seojun.token)
  await after.next('welcome')
  for (const socket of [before, after]) {
    socket.send({ type: 'typing', room_id: id, on: true })
    t.match(await socket.next('error'), { code: 'MUTED', room_id: id, until })
  }
  await app.rooms.unmute(id, 'minji', 'seojun')
  await after.next('unmuted')
  after.send({ type: 'typing', room_id: id, on: true })
  await after.next('typing')
})
