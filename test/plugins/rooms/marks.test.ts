import { test } from 'tap'
import { build } from '../../support/application.js'
import { addUsers } from '../../support/users.js'

test('a read mark moves forward only, at most to the head, and listeners hear of each move and of the caller', async t => {
  const app = await build(t)
  await addUsers(app, 'minji', 'seojun')
  const heard: unknown[] = []
  app.rooms.events.on('read', (username, mark, by) => heard.push({ username, mark, by }))
  for (const client_id of ['a', 'b', 'c']) await app.messages.send('default', 'minji', { client_id, text: client_id })
  const socket = {}
  t.same(await app.rooms.markRead('default', 'seojun', 3, socket), { room_id: 'default', seq: 3 })
  t.same(await app.rooms.markRead('default', 'seojun', 2), { room_id: 'default', seq: 3 })
  t.same(await app.rooms.markRead('default', 'seojun', 1e9), { room_id: 'default', seq: 4 })
  t.strictSame(heard, [
    { username: 'seojun', mark: { room_id: 'default', seq: 3 }, by: socket },
    { username: 'seojun', mark: { room_id: 'default', seq: 4 }, by: undefined },
  ])
  t.equal((await app.rooms.get('default', 'seojun')).unread, 0)
})

test('a new member has nothing to catch up on', async t => {
  const app = await build(t)
  await addUsers(app, 'minji', 'seojun')
  const { id } = await app.rooms.create('minji', { name: 'Lunch' })
  await app.messages.send(id, 'minji', { client_id: 'a', text: 'before' })
  t.match(await app.rooms.join(id, 'seojun', undefined), { unread: 0, last_read_seq: 3 })
  await app.messages.send(id, 'minji', { client_id: 'b', text: 'after' })
  t.equal((await app.rooms.get(id, 'seojun')).unread, 1)
})
