import type { FastifyInstance } from 'fastify'
import { type Test, test } from 'tap'
import { directId } from '../../../plugins/store/index.js'
import { limits } from '../../../schemas/wire.js'
import { build } from '../../support/application.js'
import { addUsers } from '../../support/users.js'

const PEOPLE = ['minji', 'seojun', 'hana', 'jiho']
let sent = 0
const say = (app: FastifyInstance, id: string, username: string, text = 'hi') =>
  app.messages.send(id, username, { client_id: `c${++sent}`, text })
const open = (app: FastifyInstance, username: string, ...others: string[]) =>
  app.rooms.openDirect(username, others, create => create())
const listed = async (app: FastifyInstance, username: string) =>
  (await app.rooms.listDirect(username, { limit: 50 })).rooms.map(({ id }) => id)

async function start(t: Test) {
  const app = await build(t)
  await addUsers(app, ...PEOPLE)
  return app
}

/** F38. */
test('opening a conversation changes nothing for the others until something is said', async t => {
  const app = await start(t)
  const { id, ...room } = await open(app, 'minji', 'Seojun')
  t.match(room, {
    ...{ kind: 'direct', name: '', owner: '', usernames: ['minji', 'seojun'], is_public: false, member_count: 2 },
    ...{ is_member: true, is_moderator: false, blocked_by: undefined },
  })
  t.strictSame([await listed(app, 'minji'), await listed(app, 'seojun')], [[], []])
  await say(app, id, 'minji')
  t.strictSame([await listed(app, 'minji'), await listed(app, 'seojun')], [[id], [id]])
  t.match(await app.rooms.get(id, 'seojun'), { unread: 1, last_message: { text: 'hi' } })
  t.strictSame(
    (await app.rooms.list('seojun', {})).rooms.map(room => room.id),
    ['default'],
  )
  t.match(await app.messageSearch.findInOwn('seojun', { q: 'hi' }), { messages: [{ room_id: id }] })
})

/** F39, F40. */
test('the same people in any order and spelling have one conversation, and nothing else is stored', async t => {
  const app = await start(t)
  const opened = await Promise.all([
    ...Array.from({ length: 5 }, () => open(app, 'minji', 'SEOJUN', 'hana')),
    ...Array.from({ length: 5 }, () => open(app, 'hana', 'minji', 'seojun', 'Minji', 'hana')),
  ])
  t.equal(new Set(opened.map(({ id }) => id)).size, 1)
  t.equal(await app.store.readHead(opened[0]?.id ?? ''), 1)
  t.not((await open(app, 'minji', 'seojun')).id, opened[0]?.id)
  for (const [others, code] of [
    [['minji'], 'ONESELF'],
    [['minji', 'MINJI'], 'ONESELF'],
    [['seojun', 'nobody'], 'USER_NOT_FOUND'],
    [Array.from({ length: 10 }, (_, n) => `user-${n}`), 'DIRECT_TOO_LARGE'],
  ] as const) {
    await t.rejects(open(app, 'minji', ...others), { code }, others.join())
  }
  t.equal(await app.store.readHead(directId(['minji', 'nobody', 'seojun'])), 0)
  t.equal((await app.store.listDirect('minji', { limit: 1 })).examined, 2)
})

test('nobody is added, removed, handed anything or given rights in a conversation', async t => {
  const app = await start(t)
  const { id } = await open(app, 'minji', 'seojun')
  const { rooms } = app
  const attempts: Record<string, [() => Promise<unknown>, string]> = {
    add: [() => rooms.addMember(id, 'minji', 'hana'), 'NOT_OWNER'],
    join: [() => rooms.join(id, 'hana', 'password'), 'ROOM_NOT_FOUND'],
    remove: [() => rooms.removeMember(id, 'minji', 'seojun'), 'NOT_MODERATOR'],
    appoint: [() => rooms.setRole(id, 'minji', 'seojun', 'moderator'), 'NOT_OWNER'],
    'appoint oneself': [() => rooms.setRole(id, 'minji', 'minji', 'moderator'), 'NOT_OWNER'],
    ban: [() => rooms.ban(id, 'minji', 'seojun', {}), 'NOT_MODERATOR'],
    mute: [() => rooms.mute(id, 'minji', 'seojun', {}), 'NOT_MODERATOR'],
    rename: [() => rooms.change(id, 'minji', { name: 'Ours' }), 'NOT_OWNER'],
    publish: [() => rooms.change(id, 'minji', { is_public: true }), 'NOT_OWNER'],
    'hand over': [() => rooms.handOver(id, 'minji', 'seojun'), 'NOT_OWNER'],
    delete: [() => rooms.remove(id, 'minji'), 'NOT_OWNER'],
  }
  for (const [what, [attempt, code]] of Object.entries(attempts)) await t.rejects(attempt(), { code }, what)
  t.match(await rooms.join(id, 'seojun', undefined), { id }, 'joining as a member is no error')
  t.equal(await app.store.readHead(id), 1)
})

test('leaving hides a conversation until something new is said, also on a retry, and ends nothing', async t => {
  const app = await start(t)
  const { id } = await open(app, 'minji', 'seojun')
  await say(app, id, 'minji')
  await app.rooms.leave(id, 'seojun')
  t.strictSame([await listed(app, 'minji'), await listed(app, 'seojun')], [[id], []])
  t.match(await app.rooms.get(id, 'seojun'), { is_member: true, unread: 0, last_read_seq: 2 })
  await say(app, id, 'minji', 'are you there?')
  t.strictSame(await listed(app, 'seojun'), [id])
  t.equal(await app.store.readHead(id), 3, 'leaving is no event')
})

/** F41: what each request of a blocked user does, and of the one who blocks. */
test('a block closes a conversation of two for both, and nothing else', async t => {
  const app = await start(t)
  const { id } = await open(app, 'minji', 'seojun')
  const { event: mine } = await say(app, id, 'minji')
  const { event: theirs } = await say(app, id, 'seojun')
  await app.rooms.block('minji', 'Seojun')
  await app.rooms.block('minji', 'seojun')
  t.match(await app.rooms.blocks('minji'), [{ username: 'seojun' }])
  t.strictSame(await app.rooms.blocks('seojun'), [])
  for (const [username, event] of [
    ['minji', mine],
    ['seojun', theirs],
  ] as const) {
    t.match(await app.rooms.get(id, username), { blocked_by: ['minji'] })
    await t.rejects(say(app, id, username), { code: 'BLOCKED', statusCode: 403 })
    const reply = { client_id: `r-${username}`, text: 'x', reply_to: 2 }
    await t.rejects(app.messages.send(id, username, reply), { code: 'BLOCKED' })
    const edit = { client_id: `e-${username}`, text: 'x' }
    await t.rejects(app.messages.edit(id, username, event.seq, edit), { code: 'BLOCKED' })
    t.ok((await app.messages.page(id, username, {})).messages.length, 'reading stays')
    t.match(await app.rooms.markRead(id, username, 3), { seq: 3 })
    await app.messages.remove(id, username, event.seq, `d-${username}`)
  }
  await t.rejects(open(app, 'seojun', 'minji'), { code: 'BLOCKED' })
  t.match(await open(app, 'minji', 'seojun'), { id }, 'the one who blocks may look at it')
  await t.rejects(open(app, 'seojun', 'minji', 'hana'), { code: 'BLOCKED' })
  await t.rejects(open(app, 'minji', 'seojun', 'hana'), { code: 'BLOCKED' })
  const { id: lunch } = await app.rooms.create('seojun', { name: 'Lunch' })
  await t.rejects(app.rooms.addMember(lunch, 'seojun', 'minji'), { code: 'BLOCKED' })
  const { id: dinner } = await app.rooms.create('minji', { name: 'Dinner' })
  t.match(await app.rooms.addMember(dinner, 'minji', 'seojun'), { member_count: 2 })
  await say(app, dinner, 'seojun')

  await app.rooms.unblock('minji', 'seojun')
  await app.rooms.unblock('minji', 'seojun')
  t.match(await say(app, id, 'seojun'), { event: { type: 'message' } })
  t.match(await app.rooms.get(id, 'minji'), { blocked_by: undefined })
  t.strictSame(
    (await app.store.readEvents(id, { after: 5, limit: 9 })).map(({ type }) => type),
    ['deleted', 'unblocked', 'message'],
  )
})

test('users who never talked can block each other, and neither list shows it', async t => {
  const app = await start(t)
  await Promise.all([app.rooms.block('minji', 'seojun'), app.rooms.block('seojun', 'minji')])
  await t.rejects(open(app, 'minji', 'seojun'), { code: 'BLOCKED' })
  await app.rooms.unblock('seojun', 'minji')
  await t.rejects(open(app, 'seojun', 'minji'), { code: 'BLOCKED' })
  t.strictSame([await listed(app, 'minji'), await listed(app, 'seojun')], [[], []])
  await t.rejects(app.rooms.block('minji', 'MINJI'), { code: 'ONESELF' })
  await t.rejects(app.rooms.block('minji', 'nobody'), { code: 'USER_NOT_FOUND' })
})

test('a conversation that was opened while one of the two blocks the other is closed, whoever is first', async t => {
  const app = await start(t)
  for (let n = 0; n < 10; n++) {
    await addUsers(app, `a-${n}`, `b-${n}`)
    const [opened] = await Promise.allSettled([open(app, `a-${n}`, `b-${n}`), app.rooms.block(`b-${n}`, `a-${n}`)])
    if (opened.status === 'rejected') t.match(opened.reason, { code: 'BLOCKED' })
    await t.rejects(say(app, directId([`a-${n}`, `b-${n}`]), `a-${n}`), { code: 'BLOCKED' })
  }
})

test('the number of blocked users is bounded, also for requests at once', async t => {
  const app = await start(t)
  const real = app.store.listBlocks
  let extra = limits.BLOCKS_MAX - 1
  app.store.listBlocks = async username => {
    const found = await real(username)
    const filler = { room_id: 'x', username, seq: 1, is_member: true, blocks: { username: 'x', at: '' } }
    return [...found, ...Array.from({ length: extra }, () => filler)]
  }
  const blocked = await Promise.allSettled(['seojun', 'hana', 'jiho'].map(name => app.rooms.block('minji', name)))
  t.equal(blocked.filter(({ status }) => status === 'fulfilled').length, 1)
  for (const one of blocked) if (one.status === 'rejected') t.match(one.reason, { code: 'TOO_MANY_BLOCKS' })
  extra = 0
  t.equal((await app.rooms.blocks('minji')).length, 1)
})
