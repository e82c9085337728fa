import { type Test, test } from 'tap'
import { build, register } from '../../support/application.js'
import { addUsers } from '../../support/users.js'

async function talking(t: Test, ...usernames: string[]) {
  const app = await build(t)
  await addUsers(app, 'boss', ...usernames)
  const { id } = await app.rooms.create('boss', { name: '점심' })
  for (const username of usernames) await app.rooms.join(id, username, undefined)
  let n = 0
  return {
    app,
    id,
    say: (text: string, username = 'boss', room_id = id) =>
      app.messages.send(room_id, username, { client_id: `say-${++n}`, text }),
    edit: (message: number, text: string) => app.messages.edit(id, 'boss', message, { client_id: `edit-${++n}`, text }),
    unread: async (username: string, room_id = id) => (await app.rooms.get(room_id, username)).unread_mentions,
    mentioned: async (username: string) => (await app.messages.mentions(username, {})).messages.map(({ text }) => text),
  }
}

test('the longest name of a member wins, in any case and before Korean particles (F13, F14)', async t => {
  const { app, id, say } = await talking(t, 'al', 'al_', 'allen', 'min', 'Minji', 'bob-')
  await addUsers(app, 'stranger', 'seojun', 'seojun-')
  await app.rooms.join(id, 'seojun', undefined)
  const cases: [text: string, mentions: string[] | undefined, all?: true][] = [
    ['@minji님, @MINJI', ['Minji']],
    ['@minji-', ['Minji']],
    ['@bob- @bob', ['bob-']],
    ['@seojun- 안녕', ['seojun']],
    ['@minjik', undefined],
    ['@all', undefined, true],
    ['@ALL에게', undefined, true],
    ['@allen', ['allen']],
    ['@al_, @al_- 님', ['al_']],
    ['@al 님', ['al']],
    ['@stranger', undefined],
    ['minji `@minji`', undefined],
    ['@boss', ['boss']],
  ]
  for (const [text, mentions, all] of cases) {
    const { message, event } = await say(text)
    t.strictSame([message.mentions, message.mentions_all], [mentions, all], text)
    t.strictSame([event.data?.mentions, event.data?.mentions_all], [mentions, all], text)
  }
  t.match((await say('＠here 점심!')).message, { mentions_here: true })
})

test('an edit changes what is highlighted, and counts nothing (F15)', async t => {
  const { say, edit, unread, mentioned } = await talking(t, 'minji', 'seojun')
  const first = await say('@minji')
  t.equal(await unread('minji'), 1)
  t.strictSame((await edit(first.event.seq, '@seojun')).message.mentions, ['seojun'])
  t.strictSame([await unread('minji'), await unread('seojun')], [0, 0])
  await edit(first.event.seq, '@minji')
  t.strictSame([await unread('minji'), await mentioned('minji')], [0, []])
})

test('a mention counts until it is read, deleted, or its user is blocked (F16, F42)', async t => {
  const { app, id, say, unread, mentioned } = await talking(t, 'minji', 'seojun')
  const one = await say('@minji one')
  await say('@minji two', 'seojun')
  const three = await say('@minji three')
  t.strictSame([await unread('minji'), await mentioned('minji')], [3, ['@minji three', '@minji two', '@minji one']])
  await app.messages.remove(id, 'boss', three.event.seq, 'deletes')
  t.equal(await unread('minji'), 2)
  await app.rooms.block('minji', 'seojun')
  t.strictSame([await unread('minji'), await mentioned('minji')], [1, ['@minji one']])
  await app.rooms.markRead(id, 'minji', one.event.seq)
  t.strictSame([await unread('minji'), await mentioned('minji')], [0, ['@minji one']])
  await app.rooms.leave(id, 'minji')
  t.strictSame(await mentioned('minji'), [])
})

test('all mentions everybody who is a member then, in a large room only for moderators (F18, F20)', async t => {
  const { app, id, say, edit, unread } = await talking(t, 'minji')
  await say('@all')
  await addUsers(app, 'late')
  await app.rooms.join(id, 'late', undefined)
  t.strictSame([await unread('minji'), await unread('late'), await unread('boss')], [1, 0, 0])
  const others = Array.from({ length: 98 }, (_, n) => `user-${n}`)
  await addUsers(app, ...others)
  for (const username of others) await app.rooms.join(id, username, undefined)
  t.equal((await app.rooms.get(id, 'boss')).member_count, 101)
  await t.rejects(say('@all', 'minji'), { code: 'MENTION_ALL_REFUSED', statusCode: 403 })
  await t.rejects(say('@here', 'minji'), { code: 'MENTION_ALL_REFUSED' })
  const plain = await say('hello', 'minji')
  await t.rejects(app.messages.edit(id, 'minji', plain.event.seq, { client_id: 'e', text: '@all' }), {
    code: 'MENTION_ALL_REFUSED',
  })
  t.equal(await unread('late'), 0)
  const large = await say('@all from the owner')
  t.strictSame([await unread('minji'), await unread('late')], [2, 1])
  await edit(large.event.seq, 'nobody')
  t.equal(await unread('late'), 0)
})

test('here rings and counts nothing (F19); a deleted or blocked account is text (F22)', async t => {
  const { app, say, unread } = await talking(t, 'minji')
  await say('@here')
  t.equal(await unread('minji'), 0)
  await app.store.changeAccount('minji', { blocked: true })
  t.equal((await say('@minji')).message.mentions, undefined)
})

test('a message mentions at most 50 members', async t => {
  const { app, id, say } = await talking(t)
  const names = Array.from({ length: 51 }, (_, n) => `user-${n}`)
  await addUsers(app, ...names)
  for (const username of names) await app.rooms.join(id, username, undefined)
  const text = names.map(name => `@${name}`)
  t.equal((await say(text.slice(1).join(' '))).message.mentions?.length, 50)
  await t.rejects(say(text.join(' ')), { code: 'TOO_MANY_MENTIONS', statusCode: 409 })
  const strangers = Array.from({ length: 201 }, (_, n) => `@no${n}`).join(' ')
  await t.rejects(say(strangers), { code: 'TOO_MANY_MENTIONS' })
})

test('what a user says after a text that mentions somebody stays behind it', async t => {
  const { app, id, say } = await talking(t, 'minji')
  const texts = ['@minji one', 'two', '@nobody three', 'four', 'a@b.kr five', 'six']
  const sent = await Promise.all(texts.map(text => say(text)))
  t.strictSame(
    sent.map(({ event }) => event.seq - (sent[0]?.event.seq as number)),
    texts.map((_, n) => n),
  )
  const { readUsers } = app.store
  let reads = 0
  app.store.readUsers = usernames => {
    reads++
    return readUsers(usernames)
  }
  await say('plain')
  t.equal(reads, 0)
  t.ok(id)
})

test('mentions are listed page by page over HTTP, and only to users who are logged in', async t => {
  const app = await build(t)
  const [minji, seojun] = await Promise.all(['minji', 'seojun'].map(name => register(app, name)))
  for (const n of [1, 2, 3]) await app.messages.send('default', 'minji', { client_id: `${n}`, text: `@seojun ${n}` })
  const ask = (url: string, headers = {}) => app.inject({ url, headers })
  t.equal((await ask('/mentions')).statusCode, 401)
  t.match((await ask('/mentions', minji?.headers)).json(), { messages: [], has_more: false })
  const first = await ask('/mentions?limit=2', seojun?.headers)
  t.match(first.json(), {
    messages: [{ text: '@seojun 3', mentions: ['seojun'] }, { text: '@seojun 2' }],
    has_more: true,
  })
  const next = /<(.*)>/.exec(first.headers.link as string)?.[1] as string
  t.match((await ask(next, seojun?.headers)).json(), { messages: [{ text: '@seojun 1' }], has_more: false })
})
