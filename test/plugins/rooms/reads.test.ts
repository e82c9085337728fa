import type { FastifyInstance } from 'fastify'
import { test } from 'tap'
import { limits } from '../../../schemas/wire.js'
import { build, register } from '../../support/application.js'
import { eventually } from '../../support/eventually.js'
import { connect, listen } from '../../support/socket.js'

const marks = async (app: FastifyInstance, room_id: string, username: string) =>
  Object.fromEntries((await app.rooms.reads(room_id, username)).reads.map(read => [read.username, read.seq]))
const send = async (app: FastifyInstance, room_id: string, username: string, text: string) =>
  (await app.messages.send(room_id, username, { client_id: text, text })).message.id

test('members of a small room see the marks of all members, and nothing else of their reading', async t => {
  const app = await build(t)
  for (const name of ['minji', 'jun', 'sora', 'out']) await register(app, name)
  const { id } = await app.rooms.create('minji', { name: 'Lunch', is_public: false })
  await app.rooms.addMember(id, 'minji', 'jun')
  const seq = await send(app, id, 'minji', 'hello')
  t.strictSame(await marks(app, id, 'jun'), { minji: 1, jun: 2 }, 'a member has read up to the own joining')
  await app.rooms.addMember(id, 'minji', 'sora')
  t.match(await marks(app, id, 'jun'), { sora: seq + 1 }, 'joining later raises no count')
  await app.rooms.markRead(id, 'jun', seq)
  await app.rooms.leave(id, 'sora')
  t.strictSame(await marks(app, id, 'jun'), { minji: 1, jun: seq }, 'leaving lowers it')
  await app.rooms.addMember(id, 'minji', 'sora')
  t.match(await marks(app, id, 'jun'), { sora: seq + 3 }, 'and joining again does not raise it')
  await t.rejects(app.rooms.reads(id, 'out'), { code: 'ROOM_NOT_FOUND' })
  t.strictSame(Object.keys(await app.rooms.reads(id, 'jun')).sort(), ['reads', 'seq'])
  const direct = await app.rooms.openDirect('minji', ['out'], start => start())
  t.strictSame(Object.keys(await marks(app, direct.id, 'out')), ['minji', 'out'])
})

test('a new role, or a mute, does not say that its user has read anything', async t => {
  const app = await build(t)
  for (const name of ['minji', 'jun']) await register(app, name)
  const { id } = await app.rooms.create('minji', { name: 'Lunch' })
  await app.rooms.join(id, 'jun', undefined)
  await send(app, id, 'minji', 'hello')
  await app.rooms.setRole(id, 'minji', 'jun', 'moderator')
  t.match(await marks(app, id, 'minji'), { jun: 2 })
})

test('a member whose mark is not stored yet has read everything up to the joining', async t => {
  const app = await build(t)
  for (const name of ['minji', 'jun']) await register(app, name)
  const { id } = await app.rooms.create('minji', { name: 'Lunch' })
  const { moveMark } = app.store
  app.store.moveMark = async () => {
    throw new Error('stopped')
  }
  await t.rejects(app.rooms.join(id, 'jun', undefined), { message: 'stopped' })
  app.store.moveMark = moveMark
  t.strictSame(await marks(app, id, 'minji'), { minji: 1, jun: 2 })
})

test('the owner turns read counts off, which ends the list and the frames at once', async t => {
  const app = await build(t)
  const [minji, jun] = [await register(app, 'minji'), await register(app, 'jun')]
  const { id, read_counts } = await app.rooms.create('minji', { name: 'Lunch' })
  t.equal(read_counts, true)
  await app.rooms.join(id, 'jun', undefined)
  const socket = await connect(t, await listen(app), `/rooms/${id}/ws`, minji.token)
  await socket.next('welcome')
  const first = await send(app, id, 'minji', 'one')
  await app.rooms.markRead(id, 'jun', first)
  const told = (seq: number) =>
    eventually(() => socket.frames.some(frame => JSON.stringify(frame.reads) === `[{"username":"jun","seq":${seq}}]`))
  await told(first)
  await t.rejects(app.rooms.change(id, 'jun', { read_counts: false }), { code: 'NOT_OWNER' })
  const second = await send(app, id, 'minji', 'two')
  await app.rooms.markRead(id, 'jun', second)
  t.match(await app.rooms.change(id, 'minji', { read_counts: false }), { read_counts: false })
  await socket.next('room_changed', { read_counts: false })
  const answer = await app.inject({ url: `/rooms/${id}/reads`, headers: jun.headers })
  t.match(answer.json(), { statusCode: 409, code: 'READ_COUNTS_OFF' })
  await app.rooms.change(id, 'minji', { read_counts: true })
  const third = await send(app, id, 'minji', 'three')
  await app.rooms.markRead(id, 'jun', third)
  await told(third)
})

test('with 10 readers in a room of 100 each socket gets at most one frame a second, and over 100 members none', async t => {
  const app = await build(t, { RATE_LIMIT_SENDS_PER_SECOND: '0' })
  const minji = await register(app, 'minji')
  const names = Array.from({ length: limits.READS_MAX }, (_, n) => `user-${n}`)
  const { id } = await app.rooms.create('minji', { name: 'Lunch' })
  for (const username of names) {
    await app.store.createUser({ ...(await app.store.readUser('minji')), username, is_admin: false } as never)
  }
  for (const username of names.slice(1)) await app.rooms.join(id, username, undefined)
  const socket = await connect(t, await listen(app), `/rooms/${id}/ws`, minji.token)
  await socket.next('welcome')
  const began = performance.now()
  const told = () => socket.frames.filter(({ type }) => type === 'seen')
  let last = 0
  for (let round = 0; round < 30; round++) {
    last = await send(app, id, 'minji', `${round}`)
    await Promise.all(names.slice(1, 11).map(name => app.rooms.markRead(id, name, last)))
  }
  const known = new Map<string, number>()
  await eventually(() => {
    for (const { reads } of told() as unknown as { reads: { username: string; seq: number }[] }[])
      for (const { username, seq } of reads) known.set(username, seq)
    return known.size === 10 && [...known.values()].every(seq => seq === last)
  })
  t.ok(told().length <= (performance.now() - began) / 1000 + 1, `${told().length} frames`)

  await app.rooms.join(id, names[0] as string, undefined)
  await t.rejects(app.rooms.reads(id, 'minji'), { code: 'READ_COUNTS_OFF' })
  let views = 0
  const { readMarks } = app.store
  app.store.readMarks = async (...args) => {
    views++
    return readMarks(...args)
  }
  app.rooms.events.on('read', (_name, _mark, _by, seen) => t.equal(seen, false, 'nothing is prepared for a frame'))
  const seq = await send(app, id, 'minji', 'more')
  await app.rooms.markRead(id, 'user-1', seq)
  t.equal(views, 0)
})

test('in the default room of a server with over 100 users no frame is sent', async t => {
  const app = await build(t)
  const [minji, jun] = [await register(app, 'minji'), await register(app, 'jun')]
  for (let n = 0; n < limits.READS_MAX; n++) {
    await app.store.createUser({ ...(await app.store.readUser('jun')), username: `user-${n}` } as never)
  }
  const { id } = await app.rooms.create('minji', { name: 'Tea' })
  await app.rooms.join(id, 'jun', undefined)
  const socket = await connect(t, await listen(app), '/ws', minji.token)
  for (const room_id of ['default', id]) {
    socket.send({ type: 'subscribe', room_id })
    await socket.next('welcome', { room_id })
  }
  await app.rooms.markRead('default', jun.username, await send(app, 'default', 'minji', 'all'))
  await app.rooms.markRead(id, jun.username, await send(app, id, 'minji', 'tea'))
  await socket.next('seen', { room_id: id })
  t.notOk(socket.frames.some(({ type, room_id }) => type === 'seen' && room_id === 'default'))
})
