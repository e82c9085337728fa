import { test } from 'tap'
import { build } from '../../support/application.js'
import { addUsers } from '../../support/users.js'

test('a private room is not found by users who are not members, whatever they ask', async t => {
  const app = await build(t)
  await addUsers(app, 'minji', 'seojun', 'jiwoo')
  const { rooms } = app
  const { id } = await rooms.create('minji', { name: 'hidden', is_public: false, password: 'sesame' })
  const asks: Record<string, (room_id: string) => Promise<unknown>> = {
    get: (room_id: string) => rooms.get(room_id, 'seojun'),
    assertMember: (room_id: string) => rooms.assertMember(room_id, 'seojun'),
    members: (room_id: string) => rooms.members(room_id, 'seojun', {}),
    markRead: (room_id: string) => rooms.markRead(room_id, 'seojun', 1),
    join: (room_id: string) => rooms.join(room_id, 'seojun', undefined),
    'join with a wrong password': (room_id: string) => rooms.join(room_id, 'seojun', 'guess'),
    leave: (room_id: string) => rooms.leave(room_id, 'seojun'),
    addMember: (room_id: string) => rooms.addMember(room_id, 'seojun', 'jiwoo'),
    removeMember: (room_id: string) => rooms.removeMember(room_id, 'seojun', 'minji'),
    handOver: (room_id: string) => rooms.handOver(room_id, 'seojun', 'seojun'),
    remove: (room_id: string) => rooms.remove(room_id, 'seojun'),
  }
  for (const [name, ask] of Object.entries(asks)) {
    for (const room_id of [id, 'missing']) {
      await t.rejects(ask(room_id), { code: 'ROOM_NOT_FOUND' }, `${name} ${room_id}`)
    }
  }
  t.equal(await app.store.readHead(id), 1, 'nothing was stored')
})

test('a public room can be seen but not read by users who are not members', async t => {
  const app = await build(t)
  await addUsers(app, 'minji', 'seojun')
  const { rooms } = app
  const { id } = await rooms.create('minji', { name: 'open' })
  t.match(await rooms.get(id, 'seojun'), { name: 'open', is_member: false, unread: 0, last_read_seq: 0 })
  const asks: (() => Promise<unknown>)[] = [
    () => rooms.assertMember(id, 'seojun'),
    () => rooms.members(id, 'seojun', {}),
    () => rooms.markRead(id, 'seojun', 1),
    () => rooms.leave(id, 'seojun'),
  ]
  for (const ask of asks) await t.rejects(ask(), { code: 'NOT_MEMBER' })
  t.match(await rooms.assertMember(id, 'minji'), { seq: 1 })
})

test('a deleted room is not found by its members either', async t => {
  const app = await build(t)
  await addUsers(app, 'minji')
  const { id } = await app.rooms.create('minji', { name: 'Lunch' })
  await app.rooms.remove(id, 'minji')
  await t.rejects(app.rooms.get(id, 'minji'), { code: 'ROOM_NOT_FOUND' })
  await t.rejects(app.rooms.join(id, 'minji', undefined), { code: 'ROOM_NOT_FOUND' })
  await t.rejects(app.rooms.remove(id, 'minji'), { code: 'ROOM_NOT_FOUND' })
})
