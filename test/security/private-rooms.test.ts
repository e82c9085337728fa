import { type Test, test } from 'tap'
import { build, register } from '../support/application.js'
import { connect, listen } from '../support/socket.js'

const IN_TWO_ROOMS = [
  { type: 'subscribe' },
  { type: 'subscribe', after: 0 },
  { type: 'subscribe', after: 3, epoch: 'guess' },
  { type: 'send', client_id: 'c', text: 'x' },
  { type: 'send', client_id: 'c', text: 'x', reply_to: 2 },
  { type: 'edit', client_id: 'c', id: 2, text: 'x' },
  { type: 'delete', client_id: 'c', id: 2 },
  { type: 'read', seq: 2 },
  { type: 'typing', on: true },
] as const

type Kind = 'a private room' | 'a direct conversation'
const NOWHERE = 'a-room-that-does-not-exist'
const KINDS: Kind[] = ['a private room', 'a direct conversation']

/** A private room of minji's, or a conversation of hers, with a message, and its outsider seojun. */
async function hidden(t: Test, kind: Kind = 'a private room') {
  const app = await build(t)
  const origin = await listen(app)
  const [minji, seojun] = [await register(app, 'minji'), await register(app, 'seojun')]
  const post = async (url: string, payload: object) =>
    (await app.inject({ method: 'POST', url, payload, headers: minji.headers })).json()
  if (kind === 'a direct conversation') await register(app, 'hana')
  const { id } =
    kind === 'a private room'
      ? await post('/rooms', { name: 'hidden', is_public: false })
      : await post('/direct', { usernames: ['hana'] })
  await post(`/rooms/${id}/messages`, { text: 'secret' })
  return { app, origin, minji, seojun, id: id as string }
}

for (const kind of KINDS) {
  test(`over a socket, ${kind} answers an outsider to every frame as a room that does not exist`, async t => {
    const { app, origin, minji, seojun, id } = await hidden(t, kind)
    const inside = await connect(t, origin, '/ws', minji.token)
    inside.send({ type: 'subscribe', room_id: id })
    await inside.next('welcome')
    const socket = await connect(t, origin, '/ws', seojun.token)
    for (const frame of IN_TWO_ROOMS) {
      const answers = []
      for (const room_id of [id, 'a-room-that-does-not-exist']) {
        socket.send({ ...frame, room_id })
        const { message, ...answer } = await socket.next('error')
        t.equal(answer.room_id, room_id)
        answers.push({ ...answer, room_id: '', message: String(message).replace(room_id, '') })
      }
      t.same(answers[0], answers[1], JSON.stringify(frame))
    }
    const before = socket.frames.length
    inside.send({ type: 'send', room_id: id, client_id: 'm', text: 'another secret' })
    t.match(await inside.next('ack'), { seq: 3 }, 'nothing of the outsider is stored')
    await socket.settled()
    t.equal(socket.frames.length, before + 1, 'only the pong')
    t.notOk(JSON.stringify([...socket.frames]).includes('secret'))
    t.strictSame(
      inside.frames.filter(({ username }) => username === 'seojun'),
      [],
      'and the members learn nothing of the outsider',
    )
    t.equal(await app.store.readMark('seojun', id), 0)
  })

  test(`a socket of ${kind} alone is closed for an outsider as that of a room that does not exist`, async t => {
    const { origin, seojun, id } = await hidden(t, kind)
    const closes = []
    for (const path of [`/rooms/${id}/ws`, '/rooms/a-room-that-does-not-exist/ws', `/rooms/${id}/ws?after=1`]) {
      const socket = await connect(t, origin, path, seojun.token)
      closes.push(await socket.closed)
      t.strictSame(
        socket.frames.filter(({ type }) => type !== 'error'),
        [],
        path,
      )
    }
    t.match(closes[0], { code: 4404 })
    t.same(closes[0], closes[1])
    t.same(closes[0], closes[2])
  })

  test(`over HTTP, ${kind} answers an outsider on every route as a room that does not exist, after the same work`, async t => {
    const { app, seojun, id } = await hidden(t, kind)
    const calls: string[] = []
    let asked = id
    for (const [name, call] of Object.entries(app.store)) {
      if (typeof call !== 'function') continue
      Object.assign(app.store, {
        [name]: (...args: unknown[]) => {
          if (JSON.stringify(args).includes(asked)) calls.push(name)
          return (call as (...args: unknown[]) => unknown)(...args)
        },
      })
    }
    const ask = async (room_id: string, method: string, url: string, payload: object | undefined) => {
      calls.length = 0
      asked = room_id
      const answer = await app.inject({
        method: method as 'GET',
        url,
        headers: seojun.headers,
        ...(payload && { payload }),
      })
      const { code } = answer.body ? answer.json() : { code: '' }
      return { status: answer.statusCode, code, calls: calls.sort() }
    }
    const bodies = [
      ...[{}, { text: 'x' }, { name: 'x' }, { username: 'minji' }, { role: 'moderator' }, { seq: 1 }],
      ...[{ usernames: ['minji'] }, { password: 'guess' }],
    ]
    let compared = 0
    for (const [path, methods] of Object.entries(app.swagger().paths ?? {})) {
      if (!path.startsWith('/rooms/{id}') || path.endsWith('/ws')) continue
      for (const [method, { requestBody }] of Object.entries(methods as Record<string, { requestBody?: unknown }>)) {
        const urlOf = (room_id: string) =>
          path.replace('{id}', room_id).replace('{username}', 'minji').replace(/{\w+}/, '2')
        const query = path.endsWith('/search') ? '?q=secret' : ''
        for (const payload of requestBody === undefined ? [undefined] : bodies) {
          const there = await ask(id, method.toUpperCase(), urlOf(id) + query, payload)
          const nowhere = await ask(NOWHERE, method.toUpperCase(), urlOf(NOWHERE) + query, payload)
          const what = `${method} ${path} ${JSON.stringify(payload)}`
          t.same(there, nowhere, what)
          if (there.status === 400) continue
          compared++
          t.match(there, { status: 404, code: 'ROOM_NOT_FOUND' }, what)
        }
      }
    }
    t.ok(compared > 20, `${compared} requests were compared`)
  })
}

test('a message of another room cannot be reached by its number', async t => {
  const { app, origin, minji, seojun } = await hidden(t)
  await app.inject({ method: 'POST', url: '/rooms/default/messages', payload: { text: 'a' }, headers: minji.headers })
  const socket = await connect(t, origin, '/ws', seojun.token)
  for (const id of [1, 3, 4, 1000]) {
    socket.send({ type: 'send', room_id: 'default', client_id: `reply-${id}`, text: 'x', reply_to: id })
    t.match(
      await socket.next(['ack', 'error'], { client_id: `reply-${id}` }),
      { code: 'MESSAGE_NOT_FOUND' },
      `reply to ${id}`,
    )
    socket.send({ type: 'edit', room_id: 'default', client_id: `edit-${id}`, id, text: 'x' })
    t.match(
      await socket.next(['ack', 'error'], { client_id: `edit-${id}` }),
      { code: 'MESSAGE_NOT_FOUND' },
      `edit ${id}`,
    )
  }
  const { body } = await app.inject({ url: '/rooms/default/messages?ids=1,2,3,4', headers: seojun.headers })
  t.notOk(body.includes('secret'))
})
