import type { FastifyInstance } from 'fastify'
import { type Test, test } from 'tap'
import type { Message } from '../../../schemas/message.js'
import type { Reactions } from '../../../schemas/reaction.js'
import { limits } from '../../../schemas/wire.js'
import { build, register } from '../../support/application.js'
import { connect, listen } from '../../support/socket.js'

const noLimits = { BUDGET_ADDRESS_MS: '0', BUDGET_ACCOUNT_MS: '0' }

/** An application with some users, and what they do in the default room. */
async function talking(t: Test, ...names: string[]) {
  const app = await build(t, noLimits)
  const users: Record<string, Awaited<ReturnType<typeof register>>> = {}
  // One after the other: the first one becomes the administrator.
  for (const name of names) users[name] = await register(app, name)
  async function ask(name: string, method: 'GET' | 'PUT' | 'POST' | 'DELETE', path: string, payload?: object) {
    const url = `/rooms/default${path}`
    const headers = users[name]?.headers ?? {}
    const answer = await app.inject({ method, url, headers, ...(payload && { payload }) })
    return { status: answer.statusCode, body: answer.body ? answer.json() : null }
  }
  return {
    ...{ app, users, ask },
    async send(name: string): Promise<number> {
      return (await ask(name, 'POST', '/messages', { text: 'hello' })).body.id
    },
    react: (name: string, id: number, emoji: string, on = true, more = {}) =>
      ask(name, 'PUT', `/messages/${id}/reactions`, { emoji, on, ...more }),
    /** The message as the user's page of history has it. */
    async shown(name: string, id: number): Promise<Message | undefined> {
      const { body } = await ask(name, 'GET', '/messages')
      return body.messages.find((message: Message) => message.id === id)
    },
  }
}

const head = (app: FastifyInstance) => app.store.readHead('default')

test('users react to a message, take it back, and everybody sees it in the history', async t => {
  const { app, send, react, shown, ask } = await talking(t, 'minji', 'seojun')
  const id = await send('minji')
  const seq = await head(app)
  t.strictSame(await react('minji', id, '👍'), {
    status: 200,
    body: { reactions: [{ emoji: '👍', count: 1, usernames: ['minji'], mine: true }], reactions_seq: seq + 1 },
  })
  t.equal((await react('seojun', id, '👍\ufe0f')).status, 200)
  await react('seojun', id, '❤')
  t.match(await shown('seojun', id), {
    reactions: [
      { emoji: '👍', count: 2, usernames: ['minji', 'seojun'], mine: true },
      { emoji: '❤️', count: 1, usernames: ['seojun'], mine: true },
    ],
    reactions_seq: seq + 3,
  })
  const seen = (await shown('minji', id)) as Message
  t.strictSame(
    seen.reactions?.map(({ mine = false }) => mine),
    [true, false],
  )
  t.strictSame((await ask('minji', 'GET', `/messages?ids=${id}`)).body.messages, [seen])
  t.strictSame((await ask('minji', 'PUT', `/messages/${id}`, { text: 'edited' })).body.reactions, seen.reactions)
  t.equal((await ask('minji', 'GET', '/messages/search?q=edited')).body.messages[0].reactions, undefined)

  t.strictSame((await react('seojun', id, '❤️', false)).body.reactions, [
    { emoji: '👍', count: 2, usernames: ['minji', 'seojun'], mine: true },
  ])
  await react('minji', id, '👍', false)
  await react('seojun', id, '👍', false)
  t.match(await shown('minji', id), { reactions: [], reactions_seq: await head(app) })
  await react('minji', id, '👍')
  await ask('minji', 'DELETE', `/messages/${id}`)
  t.equal((await shown('minji', id))?.reactions, undefined, 'a deleted message shows none')
  t.match(await react('minji', id, '👍', false), { status: 410, body: { code: 'MESSAGE_DELETED' } })
})

/** F1, F2. */
test('what is set is not set again: no error, no event', async t => {
  const { app, send, react } = await talking(t, 'minji', 'seojun')
  const id = await send('minji')
  const before = await head(app)
  for (const on of [true, false]) {
    const answers = await Promise.all(Array.from({ length: 50 }, () => react('minji', id, '👍', on)))
    t.ok(answers.every(({ status }) => status === 200))
  }
  t.equal(await head(app), before + 2)
  t.match(await react('seojun', id, '👍', false), { status: 200, body: { reactions: [] } })
  t.equal(await head(app), before + 2)
  const first = await react('minji', id, '👍', true, { client_id: 'one' })
  await react('minji', id, '👍', false)
  t.match(
    await react('minji', id, '👍', true, { client_id: 'one' }),
    { status: 200, body: { reactions: [] } },
    'a retry',
  )
  t.equal(first.body.reactions[0].count, 1)
  t.match(await react('minji', id, '👎', true, { client_id: 'one' }), {
    status: 409,
    body: { code: 'CLIENT_ID_REUSED' },
  })
})

/** F7. */
test('only one emoji is a reaction, to a message of the room, by a member who may write', async t => {
  const { app, send, react, ask, users } = await talking(t, 'minji', 'seojun')
  const id = await send('minji')
  for (const emoji of [':rofl:', 'a', '1', '👍👍', '\u200d']) {
    t.match(await react('minji', id, emoji), { status: 400, body: { code: 'EMOJI_INVALID' } }, emoji)
  }
  for (const payload of [{}, { emoji: '👍' }, { on: true }, { emoji: Array(60).fill('👩').join('\u200d'), on: true }]) {
    t.match(await ask('minji', 'PUT', `/messages/${id}/reactions`, payload), {
      status: 400,
      body: { code: 'BAD_REQUEST' },
    })
  }
  t.match(await react('minji', 999, '👍'), { status: 404, body: { code: 'MESSAGE_NOT_FOUND' } })
  t.match(
    await react('minji', 1, '👍'),
    { status: 404, body: { code: 'MESSAGE_NOT_FOUND' } },
    'an event that is no message',
  )
  await app.rooms.mute('default', 'minji', 'seojun', {})
  t.match(await react('seojun', id, '👍'), { status: 403, body: { code: 'MUTED' } })
  const room = await app.rooms.create('minji', { name: 'Lunch', is_public: false })
  const url = `/rooms/${room.id}/messages/2/reactions`
  const payload = { emoji: '👍', on: true }
  const outside = await app.inject({ method: 'PUT', url, headers: users.seojun?.headers ?? {}, payload })
  t.match(outside.json(), { code: 'ROOM_NOT_FOUND' })
  t.equal((await react('minji', id, '👍', false)).status, 200)
})

test('a message has a bounded number of emoji, and a user changes their reactions a bounded number of times', async t => {
  const { app, send, react } = await talking(t, 'minji', 'seojun')
  const id = await send('minji')
  const kinds = Array.from({ length: limits.REACTIONS_MAX }, (_, n) => String.fromCodePoint(0x1f600 + n))
  for (const emoji of kinds) t.equal((await react('minji', id, emoji)).status, 200)
  t.match(await react('seojun', id, '👍'), { status: 409, body: { code: 'TOO_MANY_REACTIONS' } })
  t.equal((await react('seojun', id, kinds[3] as string)).status, 200, 'one that is there')
  await react('minji', id, kinds[0] as string, false)
  t.equal((await react('seojun', id, '👍')).status, 200, 'the last one of a kind makes room')

  const other = await send('minji')
  for (let n = 0; n < limits.REACTION_CHANGES_MAX; n++) {
    // The last change sets it.
    t.equal((await react('minji', other, n % 4 < 2 ? '👍' : '👎', n % 2 === 0)).status, 200)
  }
  await react('seojun', other, '👍')
  const before = await head(app)
  t.match(await react('minji', other, '🎉'), { status: 409, body: { code: 'TOO_MANY_REACTION_CHANGES' } })
  t.equal(await head(app), before)
  const third = await send('minji')
  for (let n = 0; n < limits.REACTION_CHANGES_MAX - 1; n++) await react('minji', third, '👍', n % 2 === 0)
  await react('minji', third, '🎉')
  t.match((await react('minji', third, '🎉', false)).status, 200, 'taking back is possible')
})

test('a socket reacts, gets an ack or unchanged, and everybody gets the count', async t => {
  const { app, send, users } = await talking(t, 'minji', 'seojun')
  const id = await send('minji')
  const origin = await listen(app)
  const [minji, seojun] = await Promise.all(
    ['minji', 'seojun'].map(name => connect(t, origin, '/rooms/default/ws', users[name]?.token as string)),
  )
  for (const socket of [minji, seojun]) await socket?.next('welcome')
  const frame = { type: 'react', room_id: 'default', id, emoji: '❤', on: true }
  minji?.send({ ...frame, client_id: 'm1' })
  t.match(await minji?.next('ack'), { client_id: 'm1', seq: id + 1 })
  minji?.send({ ...frame, client_id: 'm2' })
  t.strictSame(await minji?.next('unchanged'), { type: 'unchanged', client_id: 'm2', room_id: 'default' })
  seojun?.send({ ...frame, client_id: 's1' })
  await seojun?.next('ack')
  const event = await minji?.next('reacted', { username: 'seojun' })
  const { created_at: _, ...told } = event ?? {}
  const common = { type: 'reacted', room_id: 'default', client_id: 's1' }
  t.strictSame(told, { ...common, seq: id + 2, username: 'seojun', id, emoji: '❤️', on: true, count: 2 })
  minji?.send({ ...frame, client_id: 'm3', emoji: 'x' })
  t.match(await minji?.next('error'), { code: 'EMOJI_INVALID', client_id: 'm3' })
})

test('a resume that merges reactions has their final state, however many there were', async t => {
  const { app, send, users } = await talking(t, 'minji', 'seojun')
  const first = await send('minji')
  const after = await head(app)
  const kinds = Array.from({ length: 10 }, (_, n) => String.fromCodePoint(0x1f600 + n))
  const ids = [first]
  for (let n = 0; n < 30; n++) {
    const id = await send('minji')
    ids.push(id)
    // Sent in one turn, so that they share commits.
    const target = ids.at(-1 - (n % 2)) as number
    const changes = kinds.flatMap(emoji =>
      [true, false, true].map((on, at) =>
        app.reactions.react('default', 'seojun', target, { client_id: `${id} ${emoji} ${at}`, emoji, on }),
      ),
    )
    await Promise.all(changes)
  }
  const more: Promise<unknown>[] = []
  for (let n = 0; n < 40; n++) {
    const body = { client_id: `more ${n}`, emoji: '👍', on: n % 2 === 0 }
    for (const id of ids.slice(0, 10))
      more.push(app.reactions.react('default', 'minji', id, { ...body, client_id: `${id} ${n}` }))
  }
  await Promise.all(more)
  const end = await head(app)
  t.ok(end - after > limits.REPLAY_MAX)

  const origin = await listen(app)
  const token = users.minji?.token as string
  const plain = await connect(t, origin, `/rooms/default/ws?after=${after}`, token)
  t.equal((await plain.next('welcome')).resumed, false, 'one that does not starts over')
  const merging = await connect(t, origin, `/rooms/default/ws?after=${after}&merge_reactions=true`, token)
  t.equal((await merging.next('welcome')).resumed, true)
  await merging.next('reactions', { seq: end })
  let last = after
  const states = new Map<number, Reactions>()
  for (const frame of merging.frames) {
    if (frame.type === 'message') {
      t.equal(frame.seq, last + 1)
      last = frame.seq
    } else if (frame.type === 'reactions') {
      t.equal(frame.after, last)
      last = frame.seq
      for (const { id, ...state } of frame.messages) states.set(id, state)
    }
  }
  t.equal(last, end)
  t.notOk(merging.frames.some(({ type }) => type === 'reacted'))
  for (const { id, seq, reactions } of await app.store.readReactions('default', ids, [])) {
    t.strictSame(states.get(id), { reactions, reactions_seq: seq })
  }
})

test('a frame of merged reactions has the messages whose last change it stands for, and no other', async t => {
  const { app, send, users } = await talking(t, 'minji', 'seojun')
  const [one, other] = [await send('minji'), await send('minji')]
  const after = await head(app)
  let n = 0
  const react = (id: number, emoji: string) =>
    app.reactions.react('default', 'seojun', id, { client_id: `react-${++n}`, emoji, on: true })
  await react(one, '👍')
  await send('minji')
  await react(other, '👍')
  await react(one, '🎉')
  const path = `/rooms/default/ws?after=${after}&merge_reactions=true`
  const socket = await connect(t, await listen(app), path, users.minji?.token as string)
  await socket.next('reactions', { seq: await head(app) })
  const ids = socket.frames.flatMap(frame => (frame.type === 'reactions' ? [frame.messages.map(({ id }) => id)] : []))
  t.strictSame(ids, [[], [other, one]])
})
