import type { FastifyInstance } from 'fastify'
import { type Test, test } from 'tap'
import type { Written } from '../../../plugins/messages/index.js'
import type { StoredEvent } from '../../../schemas/event.js'
import { build } from '../../support/application.js'
import { addUsers } from '../../support/users.js'

const PEOPLE = ['owner', 'mod', 'mod2', 'member', 'stranger'] as const
type Person = (typeof PEOPLE)[number]
const until = () => new Date(Date.now() + 3_600_000).toISOString()

async function room(t: Test, settings = {}) {
  const app = await build(t)
  await addUsers(app, ...PEOPLE)
  const { id } = await app.rooms.create('owner', { name: 'Lunch', ...settings })
  for (const member of ['mod', 'mod2', 'member']) await app.rooms.addMember(id, 'owner', member)
  for (const member of ['mod', 'mod2']) await app.rooms.setRole(id, 'owner', member, 'moderator')
  return { app, id }
}

const code = (work: Promise<unknown>) =>
  work.then(
    () => 'done',
    (error: { code?: string }) => error.code,
  )

/** What each acting person may do to each other: F45. */
test('each role may do exactly what it may, to everyone and to themselves', async t => {
  const higher = (by: Person, to: Person) => by === 'owner' || (by === 'mod' && (to === 'member' || to === 'stranger'))
  const actions: Record<string, (app: FastifyInstance, id: string, by: Person, to: Person) => Promise<unknown>> = {
    ban: (app, id, by, to) => app.rooms.ban(id, by, to, {}),
    mute: (app, id, by, to) => app.rooms.mute(id, by, to, {}),
    remove: (app, id, by, to) => app.rooms.removeMember(id, by, to),
    appoint: (app, id, by, to) => app.rooms.setRole(id, by, to, 'moderator'),
    dismiss: (app, id, by, to) => app.rooms.setRole(id, by, to, 'member'),
    rename: (app, id, by) => app.rooms.change(id, by, { name: 'Other' }),
  }
  const allowed = (action: string, by: Person, to: Person) => {
    if (action === 'rename') return by === 'owner'
    if (action === 'appoint') return by === 'owner' && to !== 'owner' && to !== 'stranger'
    if (action === 'dismiss') {
      return to !== 'owner' && to !== 'stranger' && (by === 'owner' || by === to)
    }
    if (action === 'remove' && to === 'stranger') return false
    return by !== to && to !== 'owner' && higher(by, to)
  }
  const { app, id } = await room(t)
  const restore = async () => {
    await app.rooms.change(id, 'owner', { name: 'Lunch' })
    for (const person of ['mod', 'mod2', 'member'] as const) {
      await app.rooms.unban(id, 'owner', person)
      await app.rooms.unmute(id, 'owner', person)
      await app.rooms.addMember(id, 'owner', person)
      await app.rooms.setRole(id, 'owner', person, person === 'member' ? 'member' : 'moderator')
    }
    await app.rooms.unban(id, 'owner', 'stranger')
    await app.rooms.unmute(id, 'owner', 'stranger')
  }
  for (const [name, act] of Object.entries(actions)) {
    for (const by of ['owner', 'mod', 'member', 'stranger'] as const) {
      for (const to of PEOPLE) {
        const done = (await code(act(app, id, by, to))) === 'done'
        t.equal(done, allowed(name, by, to), `${by} ${name} ${to}`)
        if (done) await restore()
      }
    }
  }
})

test('a banned user is kept out until the ban is lifted or over, also one who was never a member', async t => {
  const { app, id } = await room(t)
  const end = until()
  await app.rooms.ban(id, 'mod', 'Member', { until: end, reason: 'Advertising' })
  await app.rooms.ban(id, 'mod', 'stranger', {})
  await t.rejects(app.rooms.join(id, 'member', undefined), { code: 'BANNED', statusCode: 403, until: end })
  await t.rejects(app.rooms.addMember(id, 'owner', 'stranger'), { code: 'BANNED' })
  await t.rejects(app.messages.send(id, 'member', { client_id: 'c', text: 'x' }), { code: 'NOT_MEMBER' })
  t.match(await app.rooms.get(id, 'member'), { is_member: false, last_message: undefined, member_count: 3 })
  const listed = { username: 'member', by: 'mod', until: end, reason: 'Advertising' }
  t.match(await app.rooms.bans(id, 'mod2', {}), {
    bans: [listed, { username: 'stranger', by: 'mod', until: undefined }],
  })
  t.match(await app.rooms.bans(id, 'mod2', { limit: 1 }), { bans: [listed], next: 'member' })
  await t.rejects(app.rooms.bans(id, 'member', {}), { code: 'NOT_MODERATOR' })
  await app.rooms.unban(id, 'mod2', 'member')
  await app.rooms.unban(id, 'mod2', 'member')
  t.match(await app.rooms.join(id, 'member', undefined), { is_member: true })
  t.strictSame(
    (await app.rooms.bans(id, 'mod', {})).bans.map(({ username }) => username),
    ['stranger'],
  )
})

test('a private room is not found for a banned user without its password', async t => {
  const { app, id } = await room(t, { is_public: false, password: 'open sesame' })
  await app.rooms.ban(id, 'owner', 'member', {})
  for (const password of [undefined, 'wrong']) {
    await t.rejects(app.rooms.join(id, 'member', password), { code: 'ROOM_NOT_FOUND' })
  }
  await t.rejects(app.rooms.join(id, 'member', 'open sesame'), { code: 'BANNED' })
})

test('a muted member reads and deletes, but does not send, edit or reply, even after joining again', async t => {
  const { app, id } = await room(t)
  const { event } = await app.messages.send(id, 'member', { client_id: 'own', text: 'mine' })
  const end = until()
  await app.rooms.mute(id, 'mod', 'member', { until: end })
  const refused = { code: 'MUTED', statusCode: 403, until: end }
  const send = (client_id: string) => app.messages.send(id, 'member', { client_id, text: 'x', reply_to: event.seq })
  await t.rejects(send('c1'), refused)
  await t.rejects(app.messages.edit(id, 'member', event.seq, { client_id: 'c2', text: 'y' }), refused)
  t.match(await app.messages.send(id, 'member', { client_id: 'own', text: 'mine' }), { repeated: true }, 'a retry')
  t.match(
    (await app.rooms.members(id, 'member', {})).members.find(({ username }) => username === 'member'),
    {
      muted: { until: end },
    },
  )
  await app.rooms.leave(id, 'member')
  await app.rooms.join(id, 'member', undefined)
  await t.rejects(send('c3'), refused)
  await app.messages.remove(id, 'member', event.seq, 'c4')
  await app.rooms.unmute(id, 'mod', 'member')
  await app.messages.send(id, 'member', { client_id: 'c5', text: 'again' })
})

/** Appends an event with another server's clock. */
async function say(app: FastifyInstance, id: string, ms: number) {
  const seq = (await app.store.readHead(id)) + 1
  const event = { room_id: id, seq, type: 'message', username: 'owner', client_id: `at-${seq}`, text: 'tick' } as const
  await app.store.append(id, seq - 1, [{ ...event, created_at: new Date(Date.now() + ms).toISOString() }])
}

test('bans and mutes end by the later of the server’s clock and the newest event’s time', async t => {
  const { app, id } = await room(t)
  await app.rooms.mute(id, 'mod', 'member', { until: until() })
  await app.rooms.ban(id, 'mod', 'stranger', { until: until() })
  await say(app, id, -3_600_000)
  t.equal(await code(app.messages.send(id, 'member', { client_id: 'c1', text: 'x' })), 'MUTED')
  t.equal(await code(app.rooms.join(id, 'stranger', undefined)), 'BANNED')
  await say(app, id, 3_700_000)
  t.equal(await code(app.messages.send(id, 'member', { client_id: 'c2', text: 'x' })), 'done')
  await say(app, id, 3_700_000)
  t.equal(await code(app.rooms.join(id, 'stranger', undefined)), 'done')
})

test('a restriction for 10 years holds, and one that is over or no time is refused', async t => {
  const { app, id } = await room(t)
  const years = new Date(Date.now() + 10 * 365 * 86_400_000).toISOString()
  await app.rooms.mute(id, 'mod', 'member', { until: years })
  t.equal(await code(app.messages.send(id, 'member', { client_id: 'c1', text: 'x' })), 'MUTED')
  for (const wrong of ['2001-01-01T00:00:00Z', '2099-99-99T00:00:00Z']) {
    t.equal(await code(app.rooms.ban(id, 'mod', 'member', { until: wrong })), 'BAD_REQUEST')
  }
})

test('moderators delete messages of others, and the event says who did it', async t => {
  const { app, id } = await room(t)
  const said = await app.messages.send(id, 'owner', { client_id: 'c1', text: 'said' })
  t.equal(await code(app.messages.remove(id, 'member', said.event.seq, 'c2')), 'NOT_AUTHOR')
  const { event } = await app.messages.remove(id, 'mod', said.event.seq, 'c3')
  t.match(event, { type: 'deleted', username: 'mod', target: said.event.seq } as Partial<StoredEvent>)
  t.equal(await code(app.messages.edit(id, 'mod', said.event.seq, { client_id: 'c4', text: 'x' })), 'MESSAGE_DELETED')
})

test('a user who hands the room over or leaves it is a plain member afterwards', async t => {
  const { app, id } = await room(t)
  await app.rooms.handOver(id, 'owner', 'mod')
  await app.rooms.handOver(id, 'mod', 'member')
  const roleOf = async (name: string) =>
    (await app.rooms.members(id, 'member', {})).members.find(({ username }) => username === name)?.role
  t.strictSame([await roleOf('owner'), await roleOf('mod'), await roleOf('member')], ['member', 'member', 'owner'])
  await app.rooms.leave(id, 'mod2')
  await app.rooms.join(id, 'mod2', undefined)
  t.equal(await roleOf('mod2'), 'member')
})

test('administrators moderate every public room without being members, and no private one', async t => {
  const { app, id } = await room(t)
  await addUsers(app, 'root', 'root2')
  for (const name of ['root', 'root2']) await app.store.changeAccount(name, { is_admin: true })
  const said = await app.messages.send(id, 'member', { client_id: 'c1', text: 'buy this' })
  t.equal(await code(app.messages.remove(id, 'stranger', said.event.seq, 'c2')), 'NOT_MEMBER')
  const { event } = await app.messages.remove(id, 'root', said.event.seq, 'c3')
  t.match(event, { member: 'member', data: { as_admin: true } })
  await app.rooms.join(id, 'root2', undefined)
  const own = await Promise.all(
    ['c4', 'c5'].map(client_id => app.messages.send(id, 'root2', { client_id, text: 'mine' })),
  )
  const removeOwn = async (n: 0 | 1) =>
    (await app.messages.remove(id, 'root2', (own[n] as Written).event.seq, `own ${n}`)).event
  t.equal((await removeOwn(0)).data, undefined, 'a member deletes the own message as its author')
  await app.rooms.leave(id, 'root2')
  const outside = await removeOwn(1)
  t.strictSame([outside.data, outside.member], [{ as_admin: true }, undefined], 'later only as an administrator')
  await app.rooms.mute(id, 'root', 'member', {})
  await app.rooms.unmute(id, 'root', 'member')
  await app.rooms.ban(id, 'root', 'member', {})
  const log = await app.store.readEvents(id, { after: outside.seq, limit: 9 })
  t.ok(log.every(({ data }) => data?.as_admin === true))
  const acts = {
    'bans a moderator': () => app.rooms.ban(id, 'root', 'mod', {}),
    'bans the owner': () => app.rooms.ban(id, 'root', 'owner', {}),
    'bans another administrator': () => app.rooms.ban(id, 'mod', 'root2', {}),
    'appoints a moderator': () => app.rooms.setRole(id, 'root', 'mod', 'member'),
    'renames the room': () => app.rooms.change(id, 'root', { name: 'Mine' }),
  }
  for (const [name, act] of Object.entries(acts)) t.match(await code(act()), /NOT_MODERATOR|NOT_OWNER/, name)
  await app.rooms.ban(id, 'owner', 'root', {})
  t.equal(await code(app.rooms.unban(id, 'root', 'root')), 'NOT_MODERATOR', 'nor lifts a ban of their own')
  t.equal(await code(app.rooms.moderationLog(id, 'root2', {})), 'done')
  await app.rooms.change(id, 'owner', { is_public: false })
  t.equal(await code(app.rooms.ban(id, 'root2', 'member', {})), 'ROOM_NOT_FOUND')
  await app.store.changeAccount('root2', { is_admin: false })
  await app.rooms.change(id, 'owner', { is_public: true })
  t.equal(await code(app.rooms.ban(id, 'root2', 'member', {})), 'NOT_MODERATOR')
})

test('the default room belongs to the administrators, but keeps its members', async t => {
  const app = await build(t)
  await addUsers(app, 'root', 'root2', 'member')
  for (const name of ['root', 'root2']) await app.store.changeAccount(name, { is_admin: true })
  t.match(await app.rooms.change('default', 'root', { name: 'Plaza', slow_mode_s: 10 }), { name: 'Plaza' })
  await app.rooms.mute('default', 'root', 'member', {})
  t.equal(await code(app.messages.send('default', 'member', { client_id: 'c1', text: 'x' })), 'MUTED')
  t.match(await app.rooms.get('default', 'member'), { muted: { until: undefined } })
  t.equal(await code(app.rooms.mute('default', 'root', 'root2', {})), 'NOT_MODERATOR')
  t.equal(await code(app.rooms.ban('default', 'root', 'member', {})), 'DEFAULT_ROOM')
  for (const change of [{ is_public: false }, { owner: 'root' }, { password: 'open sesame' }, { max_members: 3 }]) {
    t.equal(await code(app.rooms.change('default', 'root', change)), 'DEFAULT_ROOM')
  }
  t.equal(await code(app.rooms.change('default', 'member', { name: 'Mine' })), 'NOT_OWNER')
  const { members } = await app.rooms.members('default', 'member', {})
  t.strictSame(
    members.map(({ username, role }) => `${username} ${role}`),
    ['member member', 'root moderator', 'root2 moderator'],
  )
  for (const client_id of ['c2', 'c3'])
    await app.messages.send('default', 'root', { client_id, text: 'free of slow mode' })
})

test('settings and a new owner change by one event; two handovers at once leave one owner', async t => {
  const { app, id } = await room(t)
  t.equal(await code(app.rooms.change(id, 'owner', { owner: 'stranger' })), 'MEMBER_NOT_FOUND')
  const outcomes = await Promise.all([
    code(app.rooms.change(id, 'owner', { owner: 'Member', name: 'Dinner' })),
    code(app.rooms.change(id, 'owner', { owner: 'mod' })),
    code(app.rooms.leave(id, 'owner')),
  ])
  t.strictSame(outcomes.slice(0, 2).sort(), ['NOT_OWNER', 'done'])
  const { owner } = await app.rooms.get(id, 'mod2')
  t.ok(owner === 'member' || owner === 'mod')
  t.equal((await app.rooms.get(id, owner)).is_member, true)
})
