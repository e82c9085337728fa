import { test } from 'tap'
import { build } from '../../support/application.js'
import { addUsers } from '../../support/users.js'

test('of many rooms created with one name at once, one gets it; a deleted room frees its name', async t => {
  const app = await build(t)
  await addUsers(app, 'minji')
  const made = await Promise.allSettled(Array.from({ length: 5 }, () => app.rooms.create('minji', { name: 'Lunch' })))
  const [won, ...others] = made.flatMap(each => (each.status === 'fulfilled' ? [each.value] : []))
  t.same(others, [])
  for (const each of made) if (each.status === 'rejected') t.match(each.reason, { code: 'ROOM_NAME_TAKEN' })
  t.match(won, { owner: 'minji', member_count: 1, is_member: true, last_seq: 1, last_read_seq: 1, unread: 0 })
  await app.rooms.remove(won?.id ?? '', 'minji')
  t.match(await app.rooms.create('minji', { name: 'Lunch' }), { name: 'Lunch' })
})

test('the new owner has all rights of the old one, who keeps the membership and can leave', async t => {
  const app = await build(t)
  await addUsers(app, 'minji', 'seojun')
  const { id } = await app.rooms.create('minji', { name: 'room' })
  await t.rejects(app.rooms.handOver(id, 'minji', 'seojun'), { code: 'MEMBER_NOT_FOUND' })
  await t.rejects(app.rooms.leave(id, 'minji'), { code: 'OWNER_CANNOT_LEAVE' })
  await app.rooms.join(id, 'seojun', undefined)
  t.match(await app.rooms.handOver(id, 'minji', 'SEOJUN'), { owner: 'seojun', is_member: true })
  await t.rejects(app.rooms.remove(id, 'minji'), { code: 'NOT_OWNER' })
  await app.rooms.leave(id, 'minji')
  await app.rooms.remove(id, 'seojun')
})

test('handing a room over to yourself appends nothing', async t => {
  const app = await build(t)
  await addUsers(app, 'minji')
  const { id } = await app.rooms.create('minji', { name: 'room' })
  t.match(await app.rooms.handOver(id, 'minji', 'minji'), { owner: 'minji', last_seq: 1 })
})

test('servers that start together create one default room', async t => {
  const app = await build(t)
  await Promise.all(Array.from({ length: 5 }, () => app.rooms.ensureDefault()))
  t.equal(await app.store.readHead('default'), 1)
})
