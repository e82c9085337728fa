import { type Test, test } from 'tap'
import type { MessagesOfDeleted } from '../../schemas/user.js'
import { build, PASSWORD, register } from '../support/application.js'
import { eventually } from '../support/eventually.js'
import { connect, listen } from '../support/socket.js'

type App = Awaited<ReturnType<typeof build>>

const SETTLED_MS = 61_000

async function deletes(app: App, { headers }: { headers: object }, messages: MessagesOfDeleted, password = PASSWORD) {
  const request = { method: 'DELETE', url: '/users/me', headers, payload: { password, messages } } as const
  return (await app.inject(request as object)) as unknown as { statusCode: number; json(): { code: string } }
}

const client_id = (n: number | string) => `own-${n}`
const send = (app: App, room_id: string, username: string, text: string) =>
  app.messages.send(room_id, username, { client_id: client_id(text), text })

/** Carries out the deletions that have been marked, as the servers do in the background. */
const carryOut = (app: App) => app.accountDeletion.sweep()

async function open(t: Test, ...usernames: string[]) {
  const app = await build(t)
  const users = []
  for (const username of usernames) users.push(await register(app, username))
  // The first account is an administrator's.
  await app.store.changeAccount(usernames[0] as string, { is_admin: false })
  return { app, users: users as [Awaited<ReturnType<typeof register>>, ...typeof users] }
}

test('deleting an account needs its password, ends all sessions and sockets, and the name is never free again', async t => {
  const { app, users } = await open(t, 'minji', 'bob')
  const [minji] = users
  const origin = await listen(app)
  const other = await app.auth.login('minji', PASSWORD)
  const sockets = [await connect(t, origin, '/ws', minji.token), await connect(t, origin, '/ws', other.token)]
  for (const socket of sockets) await socket.settled()
  t.match((await deletes(app, minji, 'keep', 'wrong password')).json(), { code: 'PASSWORD_WRONG' })
  t.match(await app.auth.authenticate(other.token), { username: 'minji' })
  t.equal((await deletes(app, minji, 'keep')).statusCode, 204)
  for (const socket of sockets) t.match(await socket.closed, { code: 4401 })
  for (const token of [minji.token, other.token])
    await t.rejects(app.auth.authenticate(token), { code: 'UNAUTHORIZED' })
  await t.rejects(app.auth.login('minji', PASSWORD), { code: 'LOGIN_FAILED' })
  for (const username of ['minji', 'MinJi']) {
    await t.rejects(app.auth.register({ username, password: PASSWORD }), { code: 'USERNAME_TAKEN' })
  }
  await carryOut(app)
  t.strictSame(await app.store.listSessions('minji', { limit: 10 }), [])
  t.match(await app.users.profile('minji'), { display_name: 'Deleted account', bio: '', is_deleted: true })
})

test('a deleted account is in no list, and cannot be added, appointed, unblocked or given a password', async t => {
  const { app, users } = await open(t, 'minji', 'bob')
  await app.users.change('minji', { display_name: '민지', bio: 'me' })
  await deletes(app, users[0], 'keep')
  const lunch = await app.rooms.create('bob', { name: 'Lunch' })
  await t.rejects(app.rooms.addMember(lunch.id, 'bob', 'minji'), { code: 'USER_NOT_FOUND' })
  const bob = { username: 'bob', address: '' }
  await t.rejects(app.administration.makeResetLink(bob, 'minji'), { code: 'NOT_FOUND' })
  await app.store.changeAccount('bob', { is_admin: true })
  await t.rejects(app.administration.makeResetLink(bob, 'minji'), { code: 'USER_NOT_FOUND' })
  await carryOut(app)
  const { members } = await app.rooms.members('default', 'bob', {})
  t.strictSame(
    members.map(({ username }) => username),
    ['bob'],
  )
  t.match(await app.rooms.get('default', 'bob'), { member_count: 1 })
  t.match(await app.store.readUser('minji'), { display_name: 'Deleted account', bio: '', is_admin: false })
  t.match(await app.auth.registration(), { first_is_admin: false })
})

test('all memberships end, and each room passes to its oldest moderator, else member, else is deleted', async t => {
  const { app, users } = await open(t, 'minji', 'bob', 'cho', 'dan')
  const make = async (name: string, ...members: string[]) => {
    const { id } = await app.rooms.create('minji', { name })
    for (const member of members) await app.rooms.addMember(id, 'minji', member)
    return id
  }
  const moderated = await make('Moderated', 'cho', 'bob', 'dan')
  for (const member of ['dan', 'bob']) await app.rooms.setRole(moderated, 'minji', member, 'moderator')
  const plain = await make('Plain', 'dan', 'bob')
  const alone = await make('Alone')
  const { id: joined } = await app.rooms.create('bob', { name: 'Joined' })
  await app.rooms.join(joined, 'minji', undefined)
  await deletes(app, users[0], 'keep')
  await carryOut(app)
  t.match(await app.rooms.get(moderated, 'bob'), { owner: 'dan', member_count: 3 })
  t.match(await app.rooms.get(plain, 'bob'), { owner: 'dan', member_count: 2 })
  await t.rejects(app.rooms.get(alone, 'bob'), { code: 'ROOM_NOT_FOUND' })
  t.match(await app.rooms.get(joined, 'bob'), { owner: 'bob', member_count: 1 })
  for (const room_id of ['default', joined]) {
    const left = (await app.store.readByType(room_id, 'left', { after: 0, limit: 10 })).at(-1)
    t.match(left, { member: 'minji', data: { account_deleted: true } })
    await t.rejects(send(app, room_id, 'minji', 'late'), { code: /NOT_MEMBER|ROOM_NOT_FOUND/ })
  }
})

for (const messages of ['keep', 'delete'] as const) {
  test(`messages of a deleted account: ${messages}`, async t => {
    const { app, users } = await open(t, 'minji', 'bob')
    const { id: former } = await app.rooms.create('bob', { name: 'Former' })
    await app.rooms.join(former, 'minji', undefined)
    for (const room_id of ['default', former]) {
      for (let n = 0; n < 120; n++) await send(app, room_id, n % 2 ? 'minji' : 'bob', `walnut ${room_id} ${n}`)
    }
    await app.rooms.leave(former, 'minji')
    await deletes(app, users[0], messages)
    await carryOut(app)
    for (const room_id of ['default', former]) {
      const page = await app.messages.page(room_id, 'bob', { limit: 100 })
      const own = page.messages.filter(({ username }) => username === 'minji')
      t.equal(own.length, 50)
      t.equal(own.filter(({ text }) => text !== '').length, messages === 'keep' ? 50 : 0)
      t.equal(page.messages.filter(({ text }) => text !== '').length, messages === 'keep' ? 100 : 50)
      const found = await app.messageSearch.find(room_id, 'bob', { q: 'walnut', limit: 100 })
      t.equal(found.messages.length + (found.has_more ? 1 : 0), messages === 'keep' ? 101 : 60)
    }
  })
}

test('a server that starts carries out what a killed one has marked', async t => {
  const first = await build(t)
  await register(first, 'minji')
  await first.rooms.create('minji', { name: 'Lunch' })
  const mark = { deletion: 'keep', deleted_at: new Date().toISOString(), deletion_done: false, blocked: true } as const
  await first.store.changeAccount('minji', { ...mark, generation: 1 }, 0)
  const { DATA_DIR } = first.config
  await first.close()
  const next = await build(t, { DATA_DIR })
  await eventually(async () => {
    const rows = await next.store.listMemberships('minji', { limit: 10 })
    return rows.length > 1 && rows.some(row => row.room_id === 'default' && !row.is_member)
  })
  t.strictSame(await next.store.listSessions('minji', { limit: 10 }), [])
})

test('what a request under way adds after the first steps is undone, and only then the deletion is done', async t => {
  const { app, users } = await open(t, 'minji', 'bob')
  const { id } = await app.rooms.create('bob', { name: 'Lunch' })
  await deletes(app, users[0], 'delete')
  await carryOut(app)
  // As if they had been accepted before the mark.
  await app.rooms.join(id, 'minji', undefined)
  await send(app, id, 'minji', 'late')
  await app.users.change('minji', { bio: 'late' })
  t.equal((await app.store.listDeletions(10)).length, 1)
  await app.accountDeletion.sweep(Date.now() + SETTLED_MS)
  t.match(await app.rooms.get(id, 'bob'), { member_count: 1 })
  t.match((await app.messages.page(id, 'bob', {})).messages, [{ username: 'minji', text: '' }])
  t.match(await app.store.readUser('minji'), { bio: '', deletion_done: true })
  t.strictSame(await app.store.listDeletions(10), [])
})
