import { test } from 'tap'
import { build, register } from '../../support/application.js'

test('slow mode counts sends, replies and edits, but neither retries nor deletions, and exempts moderators', async t => {
  const app = await build(t)
  for (const name of ['owner', 'mod']) await register(app, name)
  const { headers } = await register(app, 'member')
  const { id } = await app.rooms.create('owner', { name: 'Lunch' })
  for (const name of ['member', 'mod']) await app.rooms.join(id, name, undefined)
  await app.rooms.setRole(id, 'owner', 'mod', 'moderator')
  t.match(await app.rooms.change(id, 'owner', { slow_mode_s: 30 }), { slow_mode_s: 30 })

  const { event } = await app.messages.send(id, 'member', { client_id: 'c1', text: 'first' })
  const refused = { code: 'SLOW_MODE', statusCode: 429 }
  const again = { client_id: 'c2', text: 'second' }
  await t.rejects(app.messages.send(id, 'member', again), refused)
  await t.rejects(app.messages.send(id, 'member', { ...again, reply_to: event.seq }), refused)
  await t.rejects(app.messages.edit(id, 'member', event.seq, again), refused)
  t.match(await app.messages.send(id, 'member', { client_id: 'c1', text: 'first' }), { repeated: true })
  const answer = await app.inject({ method: 'POST', url: `/rooms/${id}/messages`, headers, payload: again })
  t.match(answer.json(), refused)
  const seconds = Number(answer.headers['retry-after'])
  t.ok(seconds > 0 && seconds <= 30, 'the answer says when to retry')
  await app.messages.remove(id, 'member', event.seq, 'c3')

  for (const name of ['owner', 'mod']) {
    for (const client_id of ['c1', 'c2']) await app.messages.send(id, name, { client_id, text: 'free' })
  }
  await app.rooms.change(id, 'owner', { slow_mode_s: 0 })
  await app.messages.send(id, 'member', again)
})

test('a refused message takes no place: one that is not allowed anyway does not make its sender wait', async t => {
  const app = await build(t)
  for (const name of ['owner', 'member']) await register(app, name)
  const { id } = await app.rooms.create('owner', { name: 'Lunch' })
  await app.rooms.join(id, 'member', undefined)
  await app.rooms.change(id, 'owner', { slow_mode_s: 30 })
  const unknown = app.messages.send(id, 'member', { client_id: 'c1', text: 'x', reply_to: 99 })
  await t.rejects(unknown, { code: 'MESSAGE_NOT_FOUND' })
  const outcomes = await Promise.allSettled(
    ['c2', 'c3', 'c4'].map(client_id => app.messages.send(id, 'member', { client_id, text: 'x' })),
  )
  t.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
})
