import { test } from 'tap'
import { errors } from '../../../schemas/error.js'
import { build } from '../../support/application.js'
import { addUsers } from '../../support/users.js'

test('joining twice appends one event, and only the first join is announced', async t => {
  const app = await build(t)
  await addUsers(app, 'minji', 'seojun')
  const { id } = await app.rooms.create('minji', { name: 'Lunch' })
  const admitted: string[] = []
  app.rooms.events.on('admitted', (username, room_id) => admitted.push(`${username} ${room_id}`))
  const [first, second] = await Promise.all([
    app.rooms.join(id, 'seojun', undefined),
    app.rooms.join(id, 'seojun', undefined),
  ])
  t.match(first, { is_member: true, member_count: 2 })
  t.match(second, { is_member: true, member_count: 2 })
  t.equal(await app.store.readHead(id), 2)
  t.same(admitted, [`seojun ${id}`])
})

test('a join that failed after its event and is repeated leaves nothing older unread', async t => {
  const app = await build(t)
  await addUsers(app, 'minji', 'seojun')
  const { id } = await app.rooms.create('minji', { name: 'Lunch' })
  await app.messages.send(id, 'minji', { client_id: 'c1', text: 'before' })
  const { moveMark } = app.store
  app.store.moveMark = async () => {
    app.store.moveMark = moveMark
    throw new errors.StoreUnavailable()
  }
  await t.rejects(app.rooms.join(id, 'seojun', undefined), { code: 'STORE_UNAVAILABLE' })
  t.match(await app.rooms.join(id, 'seojun', undefined), { is_member: true, unread: 0, last_read_seq: 3 })
})

test('when many users join a nearly full room at once, its member limit holds', async t => {
  const app = await build(t)
  const names = Array.from({ length: 8 }, (_, n) => `user${n}`)
  await addUsers(app, 'minji', ...names)
  const { id } = await app.rooms.create('minji', { name: 'small', max_members: 4 })
  const joins = await Promise.allSettled(names.map(name => app.rooms.join(id, name, undefined)))
  t.equal(joins.filter(({ status }) => status === 'fulfilled').length, 3)
  for (const join of joins) if (join.status === 'rejected') t.match(join.reason, { code: 'ROOM_FULL' })
  t.equal((await app.rooms.get(id, 'minji')).member_count, 4)
})

test('the correct password opens a room, even a private one', async t => {
  const app = await build(t)
  await addUsers(app, 'minji', 'seojun')
  for (const is_public of [true, false]) {
    const { id } = await app.rooms.create('minji', { name: `room ${is_public}`, is_public, password: 'sesame' })
    const code = is_public ? 'ROOM_PASSWORD_WRONG' : 'ROOM_NOT_FOUND'
    for (const password of [undefined, 'guess']) await t.rejects(app.rooms.join(id, 'seojun', password), { code })
    t.match(await app.rooms.join(id, 'seojun', 'sesame'), { is_member: true, has_password: true })
  }
})

test('an owner adds and removes members, whose usernames are case-insensitive', async t => {
  const app = await build(t)
  await addUsers(app, 'minji', 'seojun', 'jiwoo')
  const { id } = await app.rooms.create('minji', { name: 'room', is_public: false })
  t.match(await app.rooms.addMember(id, 'minji', 'SeoJun'), { member_count: 2 })
  t.match(await app.rooms.addMember(id, 'minji', 'seojun'), { member_count: 2 }, 'a second time changes nothing')
  await t.rejects(app.rooms.addMember(id, 'minji', 'nobody'), { code: 'USER_NOT_FOUND' })
  await t.rejects(app.rooms.addMember(id, 'seojun', 'jiwoo'), { code: 'NOT_OWNER' })
  await t.rejects(app.rooms.removeMember(id, 'minji', 'jiwoo'), { code: 'MEMBER_NOT_FOUND' })
  await t.rejects(app.rooms.removeMember(id, 'minji', 'minji'), { code: 'OWNER_CANNOT_LEAVE' })
  await app.rooms.removeMember(id, 'minji', 'SEOJUN')
  await t.rejects(app.rooms.get(id, 'seojun'), { code: 'ROOM_NOT_FOUND' })
})

test('the default room cannot be left, deleted or taken from a member', async t => {
  const app = await build(t)
  await addUsers(app, 'minji', 'seojun')
  await t.rejects(app.rooms.leave('default', 'minji'), { code: 'DEFAULT_ROOM' })
  await t.rejects(app.rooms.remove('default', 'minji'), { code: 'DEFAULT_ROOM' })
  await t.rejects(app.rooms.removeMember('default', 'minji', 'seojun'), { code: 'DEFAULT_ROOM' })
  await t.rejects(app.rooms.handOver('default', 'minji', 'minji'), { code: 'NOT_OWNER' })
})
