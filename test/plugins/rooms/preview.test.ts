import { test } from 'tap'
import { build, register } from '../../support/application.js'
import { addUsers } from '../../support/users.js'

test('a public room shows its newest messages before one joins, unless its owner or a ban forbids it', async t => {
  const app = await build(t)
  await addUsers(app, 'owner', 'outside', 'banned')
  const { headers } = await register(app, 'reader')
  const { id } = await app.rooms.create('owner', { name: 'Lunch' })
  for (let n = 1; n <= 25; n++) await app.messages.send(id, 'owner', { client_id: `c${n}`, text: `m${n}` })
  await app.messages.remove(id, 'owner', 26, 'gone')
  const answer = await app.inject({ url: `/rooms/${id}/preview`, headers })
  const { messages } = answer.json<{ messages: { text: string }[] }>()
  t.strictSame(
    messages.map(({ text }) => text),
    [...Array.from({ length: 19 }, (_, n) => `m${n + 6}`), ''],
  )
  t.match(await app.rooms.get(id, 'outside'), { has_preview: true, last_message: undefined })

  await app.rooms.ban(id, 'owner', 'banned', {})
  await t.rejects(app.messages.preview(id, 'banned'), { code: 'BANNED' })
  const off = { code: 'PREVIEW_OFF', statusCode: 403 }
  t.match(await app.rooms.change(id, 'owner', { preview: false }), { has_preview: false })
  await t.rejects(app.messages.preview(id, 'outside'), off)
  await app.rooms.change(id, 'owner', { preview: true, password: 'open sesame' })
  await t.rejects(app.messages.preview(id, 'outside'), off, 'a password protects what was said')
  await app.rooms.change(id, 'owner', { password: null, is_public: false })
  await t.rejects(app.messages.preview(id, 'outside'), { code: 'ROOM_NOT_FOUND' })
  const log = await app.store.readEvents(id, { after: 26, limit: 99 })
  await app.rooms.change(id, 'owner', { preview: true })
  t.equal((await app.store.readHead(id)) - (log.at(-1)?.seq ?? 0), 0, 'what is as asked already is no event')
})

test('a user who leaves can refuse to be added again, but can still join', async t => {
  const app = await build(t)
  await addUsers(app, 'owner')
  const { headers } = await register(app, 'member')
  const { id } = await app.rooms.create('owner', { name: 'Lunch' })
  await app.rooms.addMember(id, 'owner', 'member')
  const payload = { refuse_adding: true }
  t.equal((await app.inject({ method: 'POST', url: `/rooms/${id}/leave`, headers, payload })).statusCode, 204)
  const refused = { code: 'ADDING_REFUSED', statusCode: 403 }
  await t.rejects(app.rooms.addMember(id, 'owner', 'member'), refused)
  await app.rooms.mute(id, 'owner', 'member', {})
  await app.rooms.unmute(id, 'owner', 'member')
  await app.rooms.ban(id, 'owner', 'member', {})
  await app.rooms.unban(id, 'owner', 'member')
  await t.rejects(app.rooms.addMember(id, 'owner', 'member'), refused, 'after a mute and a ban, too')
  t.match(await app.rooms.join(id, 'member', undefined), { is_member: true })
  t.equal((await app.inject({ method: 'POST', url: `/rooms/${id}/leave`, headers })).statusCode, 204)
  t.match(await app.rooms.addMember(id, 'owner', 'member'), { member_count: 2 })
})
