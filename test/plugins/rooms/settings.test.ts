import { test } from 'tap'
import { build } from '../../support/application.js'
import { addUsers } from '../../support/users.js'

test('the owner changes settings by one event that says what changed, and never the password', async t => {
  const app = await build(t)
  await addUsers(app, 'minji', 'seojun')
  const { id } = await app.rooms.create('minji', { name: 'Lunch', max_members: 9 })
  await t.rejects(app.rooms.change(id, 'seojun', { name: 'Mine' }), { code: 'NOT_OWNER' })
  const change = { name: 'Dinner', description: 'evening', is_public: false, password: 'open sesame', max_members: 9 }
  t.match(await app.rooms.change(id, 'minji', change), {
    ...{ name: 'Dinner', description: 'evening', is_public: false, has_password: true, max_members: 9 },
  })
  await app.rooms.change(id, 'minji', { name: 'Dinner' })
  const events = await app.store.readEvents(id, { after: 1, limit: 9 })
  t.equal(events.length, 1, 'what is as asked already is no event')
  const { password_hash, ...data } = events[0]?.data ?? {}
  t.strictSame(data, { name: 'Dinner', description: 'evening', is_public: false, has_password: true })
  t.match(password_hash, /^\$2/)
  t.match(await app.rooms.join(id, 'seojun', 'open sesame'), { is_member: true })
  t.match(await app.rooms.change(id, 'minji', { password: null, is_public: true }), { has_password: false })
})

test('a name that another room has is refused, also to one of many renames at once', async t => {
  const app = await build(t)
  await addUsers(app, 'minji')
  const ids = await Promise.all(['a', 'b', 'c'].map(async name => (await app.rooms.create('minji', { name })).id))
  const wanted = ids.map(id => app.rooms.change(id, 'minji', { name: 'Wanted' }))
  const created = app.rooms.create('minji', { name: 'WANTED' })
  const outcomes = await Promise.allSettled([...wanted, created])
  t.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected') t.match(outcome.reason, { code: 'ROOM_NAME_TAKEN', statusCode: 409 })
  }
})

test('messages sent in the batch of a refused rename are stored', async t => {
  const app = await build(t)
  await addUsers(app, 'minji')
  await app.rooms.create('minji', { name: 'Taken' })
  const { id } = await app.rooms.create('minji', { name: 'Lunch' })
  const [before, rename, after] = await Promise.allSettled([
    app.messages.send(id, 'minji', { client_id: 'c1', text: 'before' }),
    app.rooms.change(id, 'minji', { name: 'taken' }),
    app.messages.send(id, 'minji', { client_id: 'c2', text: 'after' }),
  ])
  t.strictSame([before.status, rename.status, after.status], ['fulfilled', 'rejected', 'fulfilled'])
  const { messages } = await app.messages.page(id, 'minji', {})
  t.strictSame(messages.map(({ text }) => text).sort(), ['after', 'before'])
})
