import type { FastifyInstance, InjectOptions } from 'fastify'
import { test } from 'tap'
import { limits } from '../../schemas/wire.js'
import { build, register } from '../support/application.js'

type Account = Awaited<ReturnType<typeof register>>

/** Requests as one account, each answered with status and body. */
function as(app: FastifyInstance, { headers }: Account) {
  return async (method: InjectOptions['method'], url: string, payload?: object) => {
    const answer = await app.inject({ method: method as 'GET', url, headers, ...(payload && { payload }) })
    return { status: answer.statusCode, body: answer.body ? answer.json() : null, headers: answer.headers }
  }
}

async function three(t: Parameters<typeof build>[0], env = {}) {
  const app = await build(t, env)
  const accounts = [await register(app, 'minji'), await register(app, 'seojun'), await register(app, 'jiwoo')]
  const [minji, seojun, jiwoo] = accounts.map(account => as(app, account))
  return {
    app,
    minji: minji as ReturnType<typeof as>,
    seojun: seojun as ReturnType<typeof as>,
    jiwoo: jiwoo as ReturnType<typeof as>,
  }
}

test('the default room exists, contains every user, and cannot be left or deleted', async t => {
  const { minji } = await three(t)
  const { body } = await minji('GET', '/rooms/default')
  t.match(body, {
    id: 'default',
    is_default: true,
    is_public: true,
    is_member: true,
    owner: '',
    member_count: 3,
    unread: 0,
  })
  t.match(await minji('POST', '/rooms/default/leave'), { status: 409, body: { code: 'DEFAULT_ROOM' } })
  t.match(await minji('DELETE', '/rooms/default'), { status: 409, body: { code: 'DEFAULT_ROOM' } })
  t.match(await minji('DELETE', '/rooms/default/members/seojun'), { status: 409, body: { code: 'DEFAULT_ROOM' } })
  t.match(await minji('PUT', '/rooms/default/owner', { username: 'minji' }), {
    status: 409,
    body: { code: 'DEFAULT_ROOM' },
  })
  t.match(await minji('POST', '/rooms/default/join'), { status: 200 })
  const { members } = (await minji('GET', '/rooms/default/members')).body
  t.same(
    members.map(({ username }: { username: string }) => username),
    ['jiwoo', 'minji', 'seojun'],
  )
})

test('a room is created, joined, left and deleted, and its name becomes available again', async t => {
  const { minji, seojun } = await three(t)
  const made = await minji('POST', '/rooms', { name: 'Lunch', description: 'where?' })
  t.match(made, {
    status: 201,
    body: {
      // It may stand on a command line: no dash begins it.
      id: /^[0-9a-f]{18}$/,
      name: 'Lunch',
      description: 'where?',
      owner: 'minji',
      member_count: 1,
      is_member: true,
      has_password: false,
      last_seq: 1,
      last_read_seq: 1,
    },
  })
  const { id } = made.body
  t.match(await seojun('POST', '/rooms', { name: 'Lunch' }), { status: 409, body: { code: 'ROOM_NAME_TAKEN' } })
  t.match(await seojun('GET', `/rooms/${id}`), { status: 200, body: { is_member: false, unread: 0, last_read_seq: 0 } })
  t.match(await seojun('GET', `/rooms/${id}/messages`), { status: 403, body: { code: 'NOT_MEMBER' } })
  t.match(await seojun('POST', `/rooms/${id}/join`), { status: 200, body: { is_member: true, member_count: 2 } })
  t.match(await seojun('POST', `/rooms/${id}/join`, {}), { status: 200, body: { member_count: 2 } })
  t.match(await minji('POST', `/rooms/${id}/leave`), { status: 409, body: { code: 'OWNER_CANNOT_LEAVE' } })
  t.match(await seojun('DELETE', `/rooms/${id}`), { status: 403, body: { code: 'NOT_OWNER' } })
  t.match(await seojun('POST', `/rooms/${id}/leave`), { status: 204 })
  t.match(await seojun('POST', `/rooms/${id}/leave`), { status: 403, body: { code: 'NOT_MEMBER' } })
  t.match(await minji('DELETE', `/rooms/${id}`), { status: 204 })
  for (const [method, path] of [
    ['GET', ''],
    ['DELETE', ''],
    ['POST', '/join'],
    ['GET', '/messages'],
    ['GET', '/members'],
  ] as const) {
    t.match(
      await minji(method, `/rooms/${id}${path}`),
      { status: 404, body: { code: 'ROOM_NOT_FOUND' } },
      `${method} ${path}`,
    )
  }
  t.match(await seojun('POST', '/rooms', { name: 'Lunch' }), { status: 201 })
})

test('to users who are not members, a private room gets the same 404 as a missing one on every path', async t => {
  const { minji, seojun } = await three(t)
  const { id } = (await minji('POST', '/rooms', { name: 'hidden', is_public: false })).body
  await minji('POST', `/rooms/${id}/messages`, { text: 'secret' })
  const paths = [
    ['GET', ''],
    ['DELETE', ''],
    ['POST', '/join'],
    ['POST', '/join', { password: 'guess' }],
    ['POST', '/leave'],
    ['GET', '/members'],
    ['PUT', '/members/jiwoo'],
    ['DELETE', '/members/minji'],
    ['PUT', '/owner', { username: 'seojun' }],
    ['GET', '/messages'],
    ['GET', '/messages/search?q=secret'],
    ['POST', '/messages', { text: 'x' }],
    ['PUT', '/messages/2', { text: 'x' }],
    ['DELETE', '/messages/2'],
    ['POST', '/messages/2/reply', { text: 'x' }],
    ['PUT', '/read', { seq: 2 }],
  ] as const
  for (const [method, path, payload] of paths) {
    const hidden = await seojun(method, `/rooms/${id}${path}`, payload)
    const missing = await seojun(method, `/rooms/missing${path}`, payload)
    t.equal(hidden.status, 404, `${method} ${path}`)
    t.same({ ...hidden.body, message: 0 }, { ...missing.body, message: 0 })
  }
  t.same(
    (await seojun('GET', '/rooms')).body.map(({ id }: { id: string }) => id),
    ['default'],
  )
  t.match(await minji('GET', `/rooms/${id}`), { status: 200, body: { member_count: 1, last_seq: 2 } })
})

test('the correct password opens public and private rooms; a wrong one does not', async t => {
  const { minji, seojun, jiwoo } = await three(t)
  const open = (await minji('POST', '/rooms', { name: 'open', password: 'sesame' })).body
  const hidden = (await minji('POST', '/rooms', { name: 'hidden', password: 'sesame', is_public: false })).body
  t.equal(open.has_password, true)
  t.match(await seojun('POST', `/rooms/${open.id}/join`), { status: 403, body: { code: 'ROOM_PASSWORD_WRONG' } })
  t.match(await seojun('POST', `/rooms/${open.id}/join`, { password: 'wrong' }), { status: 403 })
  t.match(await seojun('POST', `/rooms/${hidden.id}/join`, { password: 'wrong' }), { status: 404 })
  t.match(await seojun('POST', `/rooms/${open.id}/join`, { password: 'sesame' }), { status: 200 })
  t.match(await seojun('POST', `/rooms/${hidden.id}/join`, { password: 'sesame' }), { status: 200 })
  t.match(await seojun('POST', `/rooms/${open.id}/join`), { status: 200 }, 'a member needs none')
  t.match(await minji('PUT', `/rooms/${hidden.id}/members/jiwoo`), { status: 200, body: { member_count: 3 } })
  t.match(await jiwoo('GET', `/rooms/${hidden.id}`), { status: 200, body: { is_member: true } })
  const { password_hash, data } = (await jiwoo('GET', `/rooms/${hidden.id}`)).body
  t.same([password_hash, data], [undefined, undefined])
})

test('attempts at a room’s password are rate-limited like logins', async t => {
  const { minji, seojun } = await three(t, { RATE_LIMIT_AUTH_PER_MINUTE: '3' })
  const { id } = (await minji('POST', '/rooms', { name: 'open', password: 'sesame' })).body
  for (let n = 0; n < 3; n++) t.match(await seojun('POST', `/rooms/${id}/join`, { password: 'guess' }), { status: 403 })
  const limited = await seojun('POST', `/rooms/${id}/join`, { password: 'sesame' })
  t.match(limited, { status: 429, body: { code: 'RATE_LIMITED' } })
  t.ok(Number(limited.headers['retry-after']) > 0)
})

test('nobody can join a full room until a member leaves', async t => {
  const { minji, seojun, jiwoo } = await three(t)
  const { id } = (await minji('POST', '/rooms', { name: 'small', max_members: 2 })).body
  t.match(await seojun('POST', `/rooms/${id}/join`), { status: 200 })
  t.match(await jiwoo('POST', `/rooms/${id}/join`), { status: 409, body: { code: 'ROOM_FULL' } })
  t.match(await minji('PUT', `/rooms/${id}/members/jiwoo`), { status: 409, body: { code: 'ROOM_FULL' } })
  await seojun('POST', `/rooms/${id}/leave`)
  t.match(await jiwoo('POST', `/rooms/${id}/join`), { status: 200 })
})

test('an owner adds and removes members and transfers ownership', async t => {
  const { minji, seojun, jiwoo } = await three(t)
  const { id } = (await minji('POST', '/rooms', { name: 'room', is_public: false })).body
  t.match(
    await minji('PUT', `/rooms/${id}/members/SeoJun`),
    { status: 200, body: { member_count: 2 } },
    'names are one whatever their case',
  )
  t.match(await minji('PUT', `/rooms/${id}/members/nobody`), { status: 404, body: { code: 'USER_NOT_FOUND' } })
  t.match(await seojun('PUT', `/rooms/${id}/members/jiwoo`), { status: 403, body: { code: 'NOT_OWNER' } })
  t.match(await minji('PUT', `/rooms/${id}/owner`, { username: 'jiwoo' }), {
    status: 404,
    body: { code: 'MEMBER_NOT_FOUND' },
  })
  t.match(await minji('PUT', `/rooms/${id}/owner`, { username: 'seojun' }), { status: 200, body: { owner: 'seojun' } })
  t.match(await minji('PUT', `/rooms/${id}/members/jiwoo`), { status: 403, body: { code: 'NOT_OWNER' } })
  t.match(await seojun('DELETE', `/rooms/${id}/members/seojun`), { status: 409, body: { code: 'OWNER_CANNOT_LEAVE' } })
  t.match(await seojun('DELETE', `/rooms/${id}/members/jiwoo`), { status: 404, body: { code: 'MEMBER_NOT_FOUND' } })
  t.match(await seojun('DELETE', `/rooms/${id}/members/minji`), { status: 204 })
  t.match(await minji('GET', `/rooms/${id}`), { status: 404 })
  const { members } = (await seojun('GET', `/rooms/${id}/members`)).body
  t.match(members, [{ username: 'seojun', role: 'owner', online: false }])
  t.match(await jiwoo('GET', `/rooms/${id}/members`), { status: 404 })
})

test('members and rooms are paged by name', async t => {
  const { app, minji } = await three(t)
  const names = Array.from({ length: 7 }, (_, n) => `room ${n}`)
  for (const name of names) await minji('POST', '/rooms', { name })
  const seen: string[] = []
  let url: string | undefined = '/rooms?limit=3&q=ROOM'
  while (url) {
    const page: { body: { name: string }[]; headers: { link?: string } } = (await minji('GET', url)) as never
    seen.push(...page.body.map(({ name }) => name))
    url = page.headers.link?.match(/^<(.*)>; rel="next"$/)?.[1]
  }
  t.same(seen, names)
  for (let n = 0; n < 5; n++) await register(app, `member${n}`)
  const first = (await minji('GET', '/rooms/default/members?limit=4')).body
  t.equal(first.has_more, true)
  const rest = (await minji('GET', `/rooms/default/members?limit=100&after=${first.members.at(-1).username}`)).body
  t.equal(rest.has_more, false)
  t.equal(new Set([...first.members, ...rest.members].map(({ username }) => username)).size, 8)
})

test('every list links to its next page, with the parameters of the request, until the last one', async t => {
  const { app, minji } = await three(t)
  for (let n = 0; n < 4; n++) await minji('POST', '/rooms/default/messages', { text: `lunch ${n}` })
  for (let n = 0; n < 3; n++) await minji('POST', '/rooms', { name: `room ${n}` })
  for (let n = 0; n < 2; n++) await register(app, `member${n}`)
  const items = (body: unknown): { id?: unknown; username?: unknown }[] =>
    Array.isArray(body) ? body : (Object.values(body as { list: [] }).find(Array.isArray) ?? [])
  for (const [list, count] of [
    ['/rooms?limit=2', 4],
    ['/rooms?limit=2&mine=true&q=room', 3],
    ['/rooms/default/members?limit=2', 5],
    ['/rooms/default/messages?limit=2', 4],
    ['/rooms/default/messages?limit=3&after=0', 4],
    ['/rooms/default/messages/search?limit=2&q=lunch', 4],
  ] as const) {
    const seen = new Set<unknown>()
    let url: string | undefined = list
    for (let pages = 0; url !== undefined && pages < 9; pages++) {
      const page: { status: number; body: unknown; headers: { link?: string } } = (await minji('GET', url)) as never
      t.equal(page.status, 200, url)
      for (const { id, username } of items(page.body)) seen.add(list.includes('members') ? username : id)
      url = page.headers.link?.match(/^<(.*)>; rel="next"$/)?.[1]
    }
    t.equal(url, undefined, `${list} ends`)
    t.equal(seen.size, count, list)
  }
})

test('a list of one’s own rooms and one of the others have no room in common, and only public others', async t => {
  const { minji, seojun } = await three(t)
  await minji('POST', '/rooms', { name: 'open' })
  await minji('POST', '/rooms', { name: 'hidden', is_public: false })
  await seojun('POST', '/rooms', { name: 'mine', is_public: false })
  const names = async (url: string) => (await seojun('GET', url)).body.map(({ name }: { name: string }) => name)
  t.strictSame(await names('/rooms?mine=true'), ['Lobby', 'mine'])
  t.strictSame(await names('/rooms?mine=false'), ['open'])
  t.strictSame(await names('/rooms'), ['Lobby', 'mine', 'open'])
  t.equal((await seojun('GET', '/rooms?mine=maybe')).status, 400)
})

test('a page whose rooms are deleted while it is read still links to the next page', async t => {
  const { app, minji } = await three(t)
  const { id } = (await minji('POST', '/rooms', { name: 'A room' })).body
  await minji('POST', '/rooms', { name: 'B room' })
  const { listRooms } = app.store
  app.store.listRooms = async (...query) => {
    const page = await listRooms(...query)
    app.store.listRooms = listRooms
    await app.rooms.remove(id, 'minji')
    const room_ids = page.standings.map(({ room }) => room.id)
    return { ...page, standings: await app.store.readStandings('minji', room_ids) }
  }
  const page = await minji('GET', '/rooms?limit=1')
  t.same(page.body, [])
  t.match(page.headers.link, /after=A\+room.*rel="next"/)
})

test('a room shows its newest message, as it is now, to members', async t => {
  const { minji, seojun } = await three(t)
  const { id } = (await minji('POST', '/rooms', { name: 'Lunch' })).body
  const last = async (who: typeof minji) => (await who('GET', `/rooms/${id}`)).body.last_message
  t.equal(await last(minji), undefined, 'nothing was said yet')
  await minji('POST', `/rooms/${id}/messages`, { text: 'soup?' })
  await minji('POST', `/rooms/${id}/messages`, { text: 'or\nbread?' })
  t.match(await last(minji), { id: 3, username: 'minji', text: 'or\nbread?', created_at: /^\d{4}-.*Z$/ })
  t.equal(await last(seojun), undefined, 'not shown to users who are not members')
  t.strictSame((await seojun('POST', `/rooms/${id}/join`)).body.last_message.id, 3, 'shown to a new member, too')

  await minji('PUT', `/rooms/${id}/messages/2`, { text: 'stew?' })
  t.equal((await last(seojun)).id, 3, 'an edit of an older one changes nothing')
  await minji('PUT', `/rooms/${id}/messages/3`, { text: `${'🍜'.repeat(limits.LAST_TEXT_MAX)}!` })
  t.equal((await last(seojun)).text, '🍜'.repeat(limits.LAST_TEXT_MAX), 'shortened between characters')
  await minji('PUT', `/rooms/${id}/messages/3`, { text: `a${'🍜'.repeat(limits.LAST_TEXT_MAX)}` })
  t.equal((await last(seojun)).text, `a${'🍜'.repeat(limits.LAST_TEXT_MAX - 1)}`)
  await minji('DELETE', `/rooms/${id}/messages/3`)
  t.match(await last(seojun), { id: 3, username: 'minji', text: '', deleted_at: /^\d{4}-.*Z$/ })

  const listed = (await seojun('GET', '/rooms')).body.find((room: { id: string }) => room.id === id)
  t.strictSame(listed.last_message, await last(seojun), 'the same in the list')
  await seojun('POST', `/rooms/${id}/leave`)
  t.equal(await last(seojun), undefined)
})

test('invalid names and settings are rejected with a message of one line', async t => {
  const { minji } = await three(t)
  const bad = [
    {},
    { name: '' },
    { name: ' edge' },
    { name: 'x'.repeat(51) },
    { name: 'a\u0000b' },
    { name: 'a\u202eb' },
    { name: 'ok', max_members: 1001 },
    { name: 'ok', max_members: '5' },
    { name: 'ok', is_public: 'yes' },
    { name: 'ok', owner: 'minji' },
    { name: 'ok', is_default: true },
    { name: { $gt: '' } },
    { name: 'ok', description: 'x'.repeat(201) },
    [],
  ]
  for (const payload of bad) {
    const { status, body } = await minji('POST', '/rooms', payload)
    t.equal(status, 400, JSON.stringify(payload))
    t.equal(body.code, 'BAD_REQUEST')
    t.notMatch(body.message, /\n/)
  }
  t.match(await minji('GET', '/rooms?limit=0'), { status: 400 })
  t.match(await minji('GET', '/rooms?limit=1e9'), { status: 400 })
  t.match(await minji('GET', '/rooms/a%20b'), { status: 400 })
  t.equal((await minji('GET', '/rooms')).body.length, 1)
})
