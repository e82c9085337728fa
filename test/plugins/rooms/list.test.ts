import { test } from 'tap'
import { build } from '../../support/application.js'
import { addUsers } from '../../support/users.js'

test('a list has public rooms and those of the user, sorted by name, in pages', async t => {
  const app = await build(t)
  await addUsers(app, 'minji', 'seojun')
  const { rooms } = app
  for (const name of ['Cake', 'apple', 'Bread']) await rooms.create('minji', { name })
  await rooms.create('minji', { name: 'Dates', is_public: false })
  const names = async (username: string, limit: number) => {
    const seen: string[] = []
    for (let after: string | undefined; ; ) {
      const { rooms: page, next } = await rooms.list(username, { limit, ...(after !== undefined && { after }) })
      t.ok(page.length <= limit)
      seen.push(...page.map(({ name }) => name))
      if (next === undefined) return seen
      after = next
    }
  }
  const visible = await names('seojun', 2)
  t.same([...visible].sort(), ['Bread', 'Cake', 'Lobby', 'apple'])
  t.same(await names('seojun', 50), visible, 'the page size does not change the order')
  t.ok((await names('minji', 50)).includes('Dates'))
  t.same(
    (await rooms.list('seojun', { q: 'READ' })).rooms.map(({ name }) => name),
    ['Bread'],
  )
})

test('a room shows its newest message and the unread count only to members', async t => {
  const app = await build(t)
  await addUsers(app, 'minji', 'seojun', 'jiwoo')
  const { rooms, messages } = app
  const { id } = await rooms.create('minji', { name: 'Lunch' })
  await rooms.join(id, 'seojun', undefined)
  await messages.send(id, 'minji', { client_id: 'a', text: 'soup?' })
  t.match(await rooms.get(id, 'seojun'), { unread: 1, last_message: { id: 3, text: 'soup?' }, last_seq: 3 })
  t.match(await rooms.get(id, 'minji'), { unread: 0, last_message: { id: 3 } })
  const outside = await rooms.get(id, 'jiwoo')
  t.match(outside, { unread: 0, member_count: 2 })
  t.equal(outside.last_message, undefined)
})

test('every user is a member of the default room, and a list shows which members are online', async t => {
  const app = await build(t)
  await addUsers(app, 'minji', 'seojun', 'jiwoo')
  app.presence.enter('default', 'minji')
  const first = await app.rooms.members('default', 'seojun', { limit: 2 })
  t.match(first, {
    has_more: true,
    members: [
      { username: 'jiwoo', online: false },
      { username: 'minji', online: true },
    ],
  })
  const rest = await app.rooms.members('default', 'seojun', { after: 'minji' })
  t.match(rest, { has_more: false, members: [{ username: 'seojun', role: 'member' }] })
  t.equal((await app.rooms.get('default', 'minji')).member_count, 3)
})
