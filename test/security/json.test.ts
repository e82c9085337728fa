import { test } from 'tap'
import { limits } from '../../schemas/wire.js'
import { build, register } from '../support/application.js'
import { connect, listen } from '../support/socket.js'

test('JSON that parsers read in different ways changes nothing that a client may not change', async t => {
  const app = await build(t)
  const origin = await listen(app)
  const { token, headers } = await register(app, 'minji')
  const socket = await connect(t, origin, '/ws', token)
  socket.send({ type: 'subscribe', room_id: 'default' })
  await socket.next('welcome')
  const send = '"type":"send","room_id":"default","text":"x"'
  const refused = [
    `{${send},"client_id":"a","username":"admin"}`,
    `{${send},"client_id":"a","seq":1}`,
    `{${send},"client_id":"a","created_at":"2000-01-01T00:00:00.000Z"}`,
    `{${send},"client_id":"a","__proto__":{"role":"admin"}}`,
    `{${send},"client_id":"a","constructor":{"prototype":{"role":"admin"}}}`,
    `{${send},"client_id":{"$gt":""}}`,
    `{${send},"client_id":["a"]}`,
    `{${send},"client_id":"a","text":"\\ud800"}`,
    `{${send},"client_id":"a","text":"\\u0000"}`,
    `{${send},"client_id":"a","client_id":7}`,
    `{${send},"client_id":"a","reply_to":9007199254740993}`,
    `{${send},"client_id":"a","reply_to":1e999}`,
    `{${send},"client_id":"a","reply_to":"1"}`,
    `{${send},"client_id":"a","reply_to":1.5}`,
  ]
  for (const text of refused) {
    socket.ws.send(text)
    t.match(await socket.next('error'), { code: 'BAD_FRAME' }, text)
  }
  // Of two properties with one name the last counts, for the check and for what is stored.
  socket.ws.send(`{${send},"client_id":"twice","text":"last"}`)
  t.match(await socket.next('ack'), { client_id: 'twice', seq: 2 })
  t.match(await socket.next('message'), { text: 'last', username: 'minji' })
  t.equal(({} as Record<string, unknown>).role, undefined, 'no prototype was changed')
  t.equal((await app.inject({ url: '/auth/me', headers })).statusCode, 200)
})

test('nested JSON is refused before it is parsed, in frames and in bodies', async t => {
  const app = await build(t)
  const origin = await listen(app)
  const { token, headers } = await register(app, 'minji')
  const socket = await connect(t, origin, '/ws', token)
  const deep = `{"type":"ping","x":${'['.repeat(30_000)}${']'.repeat(30_000)}}`
  socket.ws.send(deep)
  t.match(await socket.next('error'), { code: 'MALFORMED_FRAME' })
  const answer = await fetch(`${origin}/rooms`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: deep,
  })
  t.equal(answer.status, 400)
  t.notMatch(await answer.text(), /node_modules|\.js:|at /, 'no stack')
})

test('a socket can follow 100 rooms and no more, however many it asks for', async t => {
  const app = await build(t)
  const origin = await listen(app)
  const { token, headers } = await register(app, 'minji')
  const socket = await connect(t, origin, '/ws', token)
  const ids: string[] = []
  for (let n = 0; n <= limits.ROOMS_PER_SOCKET_MAX; n++) {
    const created = await app.inject({ method: 'POST', url: '/rooms', payload: { name: `Room ${n}` }, headers })
    ids.push(created.json().id)
  }
  for (const room_id of ids) socket.send({ type: 'subscribe', room_id })
  t.match(await socket.next('error'), { code: 'TOO_MANY_SUBSCRIPTIONS', room_id: ids.at(-1) })
  for (let n = 0; n < 2000; n++) socket.send({ type: 'subscribe', room_id: `nowhere-${n}` })
  await socket.settled()
  t.equal(socket.frames.filter(({ type }) => type === 'welcome').length, limits.ROOMS_PER_SOCKET_MAX)
})
