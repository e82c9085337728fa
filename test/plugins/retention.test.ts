import { type Test, test } from 'tap'
import { build, register } from '../support/application.js'
import { eventually } from '../support/eventually.js'
import { connect, listen } from '../support/socket.js'

const HOUR_MS = 3_600_000
const later = (hours: number) => Date.now() + hours * HOUR_MS + 1000

async function open(t: Test, env: Record<string, string> = {}) {
  const app = await build(t, env)
  const minji = await register(app, 'minji')
  const { id } = await app.rooms.create('minji', { name: 'Lunch' })
  const send = async (text: string, reply_to?: number) =>
    (await app.messages.send(id, 'minji', { client_id: `own-${text}`, text, ...(reply_to && { reply_to }) })).event.seq
  const kept = async () => (await app.messages.page(id, 'minji', { limit: 100 })).messages.map(({ text }) => text)
  return { app, minji, id, send, kept }
}

test('old messages are erased everywhere, their places stay, and nothing is appended when there is nothing to erase', async t => {
  const { app, id, send, kept } = await open(t, { RETENTION_HOURS: '1' })
  for (let n = 0; n < 30; n++) await send(`walnut ${n}`)
  await app.messages.edit(id, 'minji', 5, { client_id: 'edit', text: 'hazelnut' })
  await app.retention.sweep()
  t.equal((await kept()).length, 30)
  await app.retention.sweep(later(1))
  t.strictSame(await kept(), [])
  const room = await app.rooms.get(id, 'minji')
  t.match(room, { emptied_seq: room.last_seq - 1, unread: 0, last_message: undefined })
  for (const q of ['walnut', 'hazelnut']) {
    t.strictSame((await app.messageSearch.find(id, 'minji', { q })).messages, [])
    t.strictSame((await app.messageSearch.findInOwn('minji', { q })).messages, [])
  }
  await eventually(async () => {
    const log = await app.store.readEvents(id, { after: 0, limit: 100 })
    return log.length === room.last_seq && log.every(({ text }) => !text)
  })
  for (const hours of [2, 3, 100]) await app.retention.sweep(later(hours))
  t.equal(await app.store.readHead(id), room.last_seq)
  t.ok(await send('new'))
  t.strictSame(await kept(), ['new'])
})

test('a room keeps the number of messages that its owner sets, and erased ones cannot be read, answered or changed', async t => {
  const { app, minji, id, send, kept } = await open(t)
  const seqs = []
  for (let n = 0; n < 10; n++) seqs.push(await send(`line ${n}`))
  const set = (payload: object) => app.inject({ method: 'PATCH', url: `/rooms/${id}`, headers: minji.headers, payload })
  t.match((await set({ retention_count: 3 })).json(), { retention_count: 3, retention_h: 0, emptied_seq: 0 })
  for (const payload of [{ retention_count: -1 }, { retention_count: 1.5 }, { retention_h: 87_601 }]) {
    t.equal((await set(payload)).statusCode, 400)
  }
  await app.retention.sweep()
  t.strictSame(await kept(), ['line 7', 'line 8', 'line 9'])
  const [first = 0] = seqs
  const gone = { code: 'MESSAGE_NOT_FOUND' }
  await t.rejects(send('answer', first), gone)
  await t.rejects(app.messages.edit(id, 'minji', first, { client_id: 'e', text: 'x' }), gone)
  await t.rejects(app.messages.remove(id, 'minji', first, 'd'), gone)
  const query = { ids: seqs.join() }
  t.equal((await app.messages.page(id, 'minji', query)).messages.length, 3)
  const page = await app.messages.page(id, 'minji', { after: 0 })
  t.match(page, { emptied_seq: seqs[6] as number, has_more: false })
  t.equal(page.messages[0]?.id, seqs[7])
  t.match(await app.messages.page(id, 'minji', { limit: 3 }), { has_more: false })
})

test('the shorter limit of server and room counts, and a limit that was taken away erases nothing more', async t => {
  for (const [server, of_room, expected] of [
    [0, 0, 0],
    [0, 1, 1],
    [24, 0, 24],
    [24, 1, 1],
    [1, 87_600, 1],
    [87_600, 87_600, 87_600],
  ] as const) {
    const { app, id, send, kept } = await open(t, { RETENTION_HOURS: `${server}` })
    await app.rooms.change(id, 'minji', { retention_h: of_room })
    await send('line')
    if (expected > 0) {
      await app.retention.sweep(later(expected) - HOUR_MS)
      t.equal((await kept()).length, 1, `${server}, ${of_room}: kept before ${expected} h`)
    }
    await app.retention.sweep(later(expected || 100_000))
    t.equal((await kept()).length, expected === 0 ? 1 : 0, `${server}, ${of_room}: ${expected} h`)
    if (of_room === 0 || server > 0) continue
    await app.rooms.change(id, 'minji', { retention_h: 0 })
    await send('stays')
    await app.retention.sweep(later(100_000))
    t.strictSame(await kept(), ['stays'])
  }
})

test('a socket is told what was erased, and resuming below it is a reset', async t => {
  const { app, minji, id, send } = await open(t, { RETENTION_MESSAGES: '5' })
  for (let n = 0; n < 20; n++) await send(`line ${n}`)
  const origin = await listen(app)
  const live = await connect(t, origin, `/rooms/${id}/ws`, minji.token)
  await live.next('welcome')
  await app.retention.sweep()
  const { upto } = (await live.next('emptied')) as unknown as { upto: number }
  t.match(await app.rooms.get(id, 'minji'), { emptied_seq: upto })
  for (const [after, resumed] of [
    [0, false],
    [upto - 1, false],
    [upto, true],
    [upto + 2, true],
  ] as const) {
    const socket = await connect(t, origin, `/rooms/${id}/ws?after=${after}`, minji.token)
    t.match(await socket.next('welcome'), { resumed }, `after ${after}`)
    if (!resumed) await socket.next('reset')
  }
})
