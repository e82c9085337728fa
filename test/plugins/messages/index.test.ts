import { type Test, test } from 'tap'
import type { Page } from '../../../schemas/message.js'
import { build } from '../../support/application.js'
import { addUsers } from '../../support/users.js'

async function talking(t: Test) {
  const app = await build(t)
  await addUsers(app, 'minji', 'seojun')
  return app
}

test('a send returns the message without reading it back; a retry returns it as it is now', async t => {
  const { messages, store } = await talking(t)
  const { readTargets } = store
  let reads = 0
  store.readTargets = (...args) => {
    reads++
    return readTargets(...args)
  }
  const body = { client_id: 'a', text: '안녕하세요!' }
  const sent = await messages.send('default', 'minji', body)
  t.match(sent, { repeated: false, event: { seq: 2, type: 'message' } })
  t.equal(reads, 0)
  const { created_at } = sent.event
  const expected = { id: 2, room_id: 'default', username: 'minji', created_at, ...body }
  t.strictSame(sent.message, expected)
  t.strictSame(await messages.read('default', 2), expected)
  await messages.edit('default', 'minji', 2, { client_id: 'b', text: 'hello' })
  t.match(await messages.send('default', 'minji', body), {
    repeated: true,
    event: { seq: 2 },
    message: { text: 'hello' },
  })
  await t.rejects(messages.send('default', 'minji', { client_id: 'a', text: 'other' }), { code: 'CLIENT_ID_REUSED' })
})

test('an edit returns the message as of the edit, a reply included', async t => {
  const { messages } = await talking(t)
  await messages.send('default', 'minji', { client_id: 'a', text: 'question' })
  await messages.send('default', 'seojun', { client_id: 'b', text: 'answer', reply_to: 2 })
  for (const text of ['first', 'second']) {
    const edited = await messages.edit('default', 'seojun', 3, { client_id: text, text })
    t.match(edited, { repeated: false, event: { type: 'edited', target: 3 }, message: { id: 3, text, reply_to: 2 } })
    t.equal(edited.message.edited_at, edited.event.created_at)
    t.strictSame(edited.message, await messages.read('default', 3))
  }
  const retried = await messages.edit('default', 'seojun', 3, { client_id: 'first', text: 'first' })
  t.match(retried, { repeated: true, event: { text: 'first' }, message: { text: 'second' } })
})

test('equal edits and sends that arrive together are stored once', async t => {
  const { messages, store } = await talking(t)
  const sends = await Promise.all(
    Array.from({ length: 5 }, () => messages.send('default', 'minji', { client_id: 'a', text: 'x' })),
  )
  t.same(
    sends.map(({ repeated }) => repeated),
    [false, true, true, true, true],
  )
  const edits = await Promise.all(
    Array.from({ length: 5 }, () => messages.edit('default', 'minji', 2, { client_id: 'b', text: 'y' })),
  )
  for (const { event, message } of edits)
    t.match({ event, message }, { event: { seq: 3 }, message: { id: 2, text: 'y' } })
  t.equal(await store.readHead('default'), 3)
})

test('only the author edits and deletes, and a deletion is final', async t => {
  const { messages } = await talking(t)
  await messages.send('default', 'minji', { client_id: 'a', text: 'mine' })
  await t.rejects(messages.edit('default', 'seojun', 2, { client_id: 'b', text: 'x' }), { code: 'NOT_AUTHOR' })
  await t.rejects(messages.remove('default', 'seojun', 2, 'c'), { code: 'NOT_AUTHOR' })
  t.match(await messages.remove('default', 'minji', 2, 'd'), { repeated: false })
  t.match(await messages.remove('default', 'minji', 2, 'd'), { repeated: true })
  await t.rejects(messages.edit('default', 'minji', 2, { client_id: 'e', text: 'x' }), { code: 'MESSAGE_DELETED' })
  const reply = { client_id: 'f', text: 'x', reply_to: 2 }
  await t.rejects(messages.send('default', 'seojun', reply), { code: 'MESSAGE_DELETED' })
  t.match(await messages.read('default', 2), { text: '', deleted_at: String })
  await t.rejects(messages.read('default', 1), { code: 'MESSAGE_NOT_FOUND' }, 'event 1 is not a message')
})

test('only members send and read', async t => {
  const { messages, rooms } = await talking(t)
  const { id } = await rooms.create('minji', { name: 'open' })
  await t.rejects(messages.send(id, 'seojun', { client_id: 'a', text: 'x' }), { code: 'NOT_MEMBER' })
  await t.rejects(messages.page(id, 'seojun', {}), { code: 'NOT_MEMBER' })
})

test('a page continues where the previous one ended', async t => {
  const { messages } = await talking(t)
  for (let n = 0; n < 12; n++) await messages.send('default', 'minji', { client_id: `c${n}`, text: `회의 ${n}` })
  const newest = await messages.page('default', 'seojun', { limit: 5 })
  t.same(
    newest.messages.map(({ id }) => id),
    [9, 10, 11, 12, 13],
  )
  t.match(newest, { has_more: true, seq: 13 })
  t.match(await messages.page('default', 'seojun', { limit: 5, after: 10 }), {
    has_more: false,
    messages: { length: 3 },
  })
  t.match(await messages.page('default', 'seojun', { before: 5, after: 1 }), { messages: { length: 3 } })
})

test('pages hold what happened to members and settings, each event on exactly one page', async t => {
  const app = await build(t)
  await addUsers(app, 'owner', 'a1', 'a2', 'a3')
  const { id } = await app.rooms.create('owner', { name: 'Lunch' })
  const say = (n: number) => app.messages.send(id, 'owner', { client_id: `c${n}`, text: `m${n}` })
  await app.rooms.join(id, 'a1', undefined)
  await say(1)
  await app.rooms.join(id, 'a2', undefined)
  await app.rooms.mute(id, 'owner', 'a2', {})
  await say(2)
  await app.rooms.addMember(id, 'owner', 'a3')
  await app.rooms.change(id, 'owner', { name: 'Dinner', password: 'open sesame' })
  await say(3)
  await app.rooms.leave(id, 'a2')
  const told = ({ notes = [] }: Page) => notes.map(({ type, member, name }) => [type, member ?? name].join(' '))
  const all = ['joined a1', 'joined a2', 'joined a3', 'room_changed Dinner', 'left a2']
  t.strictSame(told(await app.messages.page(id, 'owner', {})), all)

  const backwards: string[] = []
  for (let before: number | undefined; ; ) {
    const page = await app.messages.page(id, 'owner', { limit: 1, ...(before !== undefined && { before }) })
    backwards.unshift(...told(page))
    if (!page.has_more) break
    before = page.messages[0]?.id as number
  }
  t.strictSame(backwards, all)
  const forwards: string[] = []
  for (let after = 0; ; ) {
    const page = await app.messages.page(id, 'owner', { limit: 1, after })
    forwards.push(...told(page))
    if (!page.has_more) break
    after = page.messages.at(-1)?.id as number
  }
  t.strictSame(forwards, all)
  const { notes } = await app.messages.page(id, 'owner', { ids: '2' })
  t.equal(notes, undefined)
})
