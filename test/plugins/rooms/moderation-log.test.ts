import { test } from 'tap'
import { LOG_SCANNED_MAX } from '../../../plugins/rooms/index.js'
import { build, register } from '../../support/application.js'
import { addUsers } from '../../support/users.js'

test('the log tells moderators who did what to whom and why, newest first, and nobody else', async t => {
  const app = await build(t)
  await addUsers(app, 'owner', 'mod', 'member')
  const { id } = await app.rooms.create('owner', { name: 'Lunch' })
  for (const name of ['mod', 'member']) await app.rooms.join(id, name, undefined)
  await app.rooms.setRole(id, 'owner', 'mod', 'moderator')
  const said = await app.messages.send(id, 'member', { client_id: 'c1', text: 'buy this' })
  const own = await app.messages.send(id, 'member', { client_id: 'c2', text: 'typo' })
  await app.messages.remove(id, 'member', own.event.seq, 'c3')
  await app.messages.remove(id, 'mod', said.event.seq, 'c4')
  await app.rooms.mute(id, 'mod', 'member', { reason: 'Advertising' })
  await app.rooms.change(id, 'owner', { name: 'Dinner', password: 'open sesame' })
  await app.rooms.ban(id, 'mod', 'member', {})

  const { entries } = await app.rooms.moderationLog(id, 'mod', {})
  const shown = entries.map(({ seq: _, created_at: __, ...entry }) => JSON.parse(JSON.stringify(entry)))
  t.strictSame(shown, [
    { type: 'banned', username: 'mod', member: 'member' },
    { type: 'room_changed', username: 'owner', name: 'Dinner', has_password: true },
    { type: 'muted', username: 'mod', member: 'member', reason: 'Advertising' },
    { type: 'deleted', username: 'mod', id: said.event.seq, member: 'member' },
    { type: 'role_changed', username: 'owner', member: 'mod', role: 'moderator' },
  ])
  const first = await app.rooms.moderationLog(id, 'mod', { limit: 2 })
  t.strictSame(first, { entries: entries.slice(0, 2), next_before: entries[1]?.seq })
  const rest = await app.rooms.moderationLog(id, 'owner', { limit: 3, before: first.next_before as number })
  t.strictSame(rest, { entries: entries.slice(2) })
  await app.rooms.unban(id, 'mod', 'member')
  await app.rooms.join(id, 'member', 'open sesame')
  await t.rejects(app.rooms.moderationLog(id, 'member', {}), { code: 'NOT_MODERATOR' })
})

test('a page looks at a bounded number of events, and leads past deletions of authors', async t => {
  const app = await build(t)
  const { headers } = await register(app, 'owner')
  const { id } = await app.rooms.create('owner', { name: 'Lunch' })
  await app.rooms.change(id, 'owner', { description: 'noon' })
  const event = { room_id: id, type: 'deleted', username: 'owner', target: 1, created_at: '' } as const
  const log = Array.from({ length: LOG_SCANNED_MAX }, (_, n) => ({ ...event, seq: n + 3, client_id: `c${n}` }))
  await app.store.append(id, 2, log)
  const page = await app.inject({ url: `/rooms/${id}/log`, headers })
  t.strictSame(page.json(), { entries: [], next_before: 3 })
  t.match(page.headers.link, /log\?.*before=3>/)
  const next = await app.inject({ url: `/rooms/${id}/log?before=3`, headers })
  t.match(next.json(), { entries: [{ type: 'room_changed', description: 'noon' }] })
  t.equal(next.headers.link, undefined)
})
