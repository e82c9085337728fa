import type { FastifyInstance } from 'fastify'
import { test } from 'tap'
import { build, register } from '../support/application.js'

async function talking(t: Parameters<typeof build>[0]) {
  const app = await build(t)
  const [minji, seojun] = [await register(app, 'minji'), await register(app, 'seojun')]
  return { app, minji: as(app, minji.headers), seojun: as(app, seojun.headers) }
}

/** Requests about the default room's messages as one account. */
function as(app: FastifyInstance, headers: Record<string, string>) {
  return async (method: string, path: string, payload?: object) => {
    const url = `/rooms/default${path}`
    const answer = await app.inject({ method: method as 'GET', url, headers, ...(payload && { payload }) })
    return { status: answer.statusCode, body: answer.body ? answer.json() : null }
  }
}

test('a message is stored as sent, and a retry gets the original response', async t => {
  const { minji } = await talking(t)
  const texts = ['  안녕 <b>&amp; \n\t', '😀', '한글', 'a\u202eb', '{"$gt":""}']
  for (const [n, text] of texts.entries()) {
    const sent = await minji('POST', '/messages', { text, client_id: `c${n}` })
    t.match(sent, { status: 201, body: { id: n + 2, username: 'minji', text, client_id: `c${n}` } })
    t.same(await minji('POST', '/messages', { text, client_id: `c${n}` }), { status: 200, body: sent.body })
  }
  const page = await minji('GET', '/messages')
  t.same(
    page.body.messages.map(({ text }: { text: string }) => text),
    texts,
  )
  t.match(page.body, { has_more: false, seq: texts.length + 1 })
  t.match(await minji('POST', '/messages', { text: 'other', client_id: 'c0' }), {
    status: 409,
    body: { code: 'CLIENT_ID_REUSED' },
  })
  t.match(await minji('POST', '/messages', { text: '😀', client_id: 'c1', reply_to: 2 }), { status: 409 })
})

test('invalid messages are rejected and not stored', async t => {
  const { app, minji } = await talking(t)
  const bad = [
    {},
    { text: '' },
    { text: '\u202e' },
    { text: ' \n' },
    { text: 'x'.repeat(2001) },
    { text: 'a\u0000b' },
    { text: 1 },
    { text: { $gt: '' } },
    { text: 'x', client_id: 'a b' },
    { text: 'x', client_id: '' },
    { text: 'x', seq: 1 },
    { text: 'x', username: 'seojun' },
    { text: 'x', reply_to: 0 },
    { text: 'x', reply_to: '2' },
  ]
  for (const payload of bad)
    t.match(
      await minji('POST', '/messages', payload),
      { status: 400, body: { code: 'BAD_REQUEST' } },
      JSON.stringify(payload),
    )
  t.equal((await minji('POST', '/messages', { text: '😀'.repeat(2000) })).status, 201)
  t.equal((await minji('POST', '/messages', { text: 'x', reply_to: 99 })).body.code, 'MESSAGE_NOT_FOUND')
  for (const query of [
    'after=-1',
    'before=0',
    'limit=1e9',
    'limit=0',
    'after=x',
    'q=1',
    'after[$ne]=1',
    'after=1&after=2',
  ]) {
    t.equal((await minji('GET', `/messages?${query}`)).status, 400, query)
  }
  t.equal(await app.store.readHead('default'), 2)
})

test('only the author can edit, at most 100 times, and the message keeps its place', async t => {
  const { minji, seojun } = await talking(t)
  await minji('POST', '/messages', { text: 'one' })
  await minji('POST', '/messages', { text: 'two' })
  t.match(await seojun('PUT', '/messages/2', { text: 'mine' }), { status: 403, body: { code: 'NOT_AUTHOR' } })
  t.match(await minji('PUT', '/messages/1', { text: 'x' }), { status: 404 }, 'event 1 is no message')
  t.match(await minji('PUT', '/messages/99', { text: 'x' }), { status: 404 })
  for (let n = 1; n <= 100; n++) {
    const edited = await minji('PUT', '/messages/2', { text: `edit ${n}`, client_id: `e${n}` })
    t.match(edited, { status: 200, body: { id: 2, text: `edit ${n}`, edited_at: String } })
  }
  t.match(await minji('PUT', '/messages/2', { text: 'edit 101' }), { status: 409, body: { code: 'TOO_MANY_EDITS' } })
  t.match(
    await minji('PUT', '/messages/2', { text: 'edit 1', client_id: 'e1' }),
    { status: 200, body: { text: 'edit 100' } },
    'a repeat',
  )
  const { messages } = (await minji('GET', '/messages')).body
  t.same(
    messages.map(({ id, text }: { id: number; text: string }) => [id, text]),
    [
      [2, 'edit 100'],
      [3, 'two'],
    ],
  )
})

test('a deletion is final, leaves a tombstone, and removes the stored texts', async t => {
  const { app, minji, seojun } = await talking(t)
  await minji('POST', '/messages', { text: 'secret one', client_id: 'c' })
  await minji('PUT', '/messages/2', { text: 'secret two' })
  t.match(await seojun('DELETE', '/messages/2'), { status: 403 })
  t.equal((await minji('DELETE', '/messages/2?client_id=d')).status, 204)
  t.equal((await minji('DELETE', '/messages/2?client_id=d')).status, 204, 'a repeat')
  t.match(await minji('DELETE', '/messages/2'), { status: 410, body: { code: 'MESSAGE_DELETED' } })
  t.match(await minji('PUT', '/messages/2', { text: 'back' }), { status: 410 })
  t.match(await seojun('POST', '/messages/2/reply', { text: 'x' }), { status: 410 })
  t.match(await minji('POST', '/messages', { text: 'secret one', client_id: 'c' }), {
    status: 200,
    body: { text: '', deleted_at: String },
  })
  const { messages } = (await minji('GET', '/messages')).body
  t.match(messages, [{ id: 2, text: '', deleted_at: String }])
  t.equal(messages[0].edited_at, undefined)
  const events = await app.store.readEvents('default', { after: 0, limit: 100 })
  t.notMatch(JSON.stringify(events), /secret/)
})

test('a reply must name a message of the same room', async t => {
  const { app, minji, seojun } = await talking(t)
  await minji('POST', '/messages', { text: 'question' })
  const reply = await seojun('POST', '/messages/2/reply', { text: 'answer', client_id: 'r' })
  t.match(reply, { status: 201, body: { id: 3, reply_to: 2, text: 'answer' } })
  t.match(await seojun('POST', '/messages/2/reply', { text: 'answer', client_id: 'r' }), {
    status: 200,
    body: { id: 3 },
  })
  const other = await app.rooms.create('minji', { name: 'other' })
  for (let n = 0; n < 3; n++) await app.messages.send(other.id, 'minji', { client_id: `o${n}`, text: 'x' })
  t.match(await minji('POST', '/messages', { text: 'x', reply_to: 4 }), { status: 404 })
})

test('history is paged in both directions, with edits in between', async t => {
  const { app, minji } = await talking(t)
  for (let n = 0; n < 30; n++) {
    await minji('POST', '/messages', { text: `m${n}` })
    if (n % 3 === 0)
      await minji('PUT', `/messages/${(await app.store.readHead('default')) as number}`, { text: `m${n}!` })
  }
  const expected = Array.from({ length: 30 }, (_, n) => (n % 3 === 0 ? `m${n}!` : `m${n}`))
  const texts = (messages: { text: string }[]) => messages.map(({ text }) => text)
  const back: string[] = []
  let query = ''
  for (;;) {
    const { messages, has_more } = (await minji('GET', `/messages?limit=7${query}`)).body
    back.unshift(...texts(messages))
    if (!has_more) break
    query = `&before=${messages[0].id}`
  }
  t.same(back, expected)
  const forth: string[] = []
  for (let after = 0; ; ) {
    const { messages, has_more, seq } = (await minji('GET', `/messages?limit=7&after=${after}`)).body
    t.equal(seq, 41)
    forth.push(...texts(messages))
    if (!has_more) break
    after = messages.at(-1).id
  }
  t.same(forth, expected)
})

test('unread counts messages of others after the read mark, without deleted ones', async t => {
  const { app, minji, seojun } = await talking(t)
  const unread = async (who: typeof minji) => (await who('GET', '')).body.unread
  for (let n = 0; n < 5; n++) await minji('POST', '/messages', { text: `m${n}` })
  await seojun('POST', '/messages', { text: 'mine' })
  t.equal(await unread(seojun), 5)
  t.equal(await unread(minji), 1)
  await minji('DELETE', '/messages/4')
  t.equal(await unread(seojun), 4)
  t.match(await seojun('PUT', '/read', { seq: 3 }), { status: 200, body: { room_id: 'default', seq: 3 } })
  t.equal(await unread(seojun), 2, 'messages 5 and 6')
  t.match(await seojun('PUT', '/read', { seq: 1 }), { body: { seq: 3 } }, 'never back')
  t.match(await seojun('PUT', '/read', { seq: 1e9 }), { body: { seq: 8 } }, 'at most to the head')
  t.equal(await unread(seojun), 0)
  for (const seq of [-1, 1.5, '3', null]) t.equal((await seojun('PUT', '/read', { seq })).status, 400)
  const late = await register(app, 'jiwoo')
  t.equal(
    (await app.inject({ url: '/rooms/default', headers: late.headers })).json().unread,
    0,
    'a newcomer has nothing to catch up',
  )
})

test('search finds words, and parts of Korean, Chinese and Japanese words, in current texts', async t => {
  const { minji } = await talking(t)
  const texts = [
    'Hello World',
    '안녕하세요 여러분',
    '내일 회의 있어요?',
    '東京都庁へ行く',
    '我们开会吧',
    'a+b (c) "quoted',
    'hello 회의',
  ]
  for (const text of texts) await minji('POST', '/messages', { text })
  const find = async (q: string) => {
    const { status, body } = await minji('GET', `/messages/search?q=${encodeURIComponent(q)}`)
    return status === 200 ? body.messages.map(({ text }: { text: string }) => text) : status
  }
  t.same(await find('hello'), ['Hello World', 'hello 회의'])
  t.same(await find('WORLD hello'), ['Hello World'])
  t.same(await find('hell'), [], 'words of letters are whole')
  for (const part of ['안녕', '하세', '요', '녕', '분']) t.ok((await find(part)).includes('안녕하세요 여러분'), part)
  t.same(await find('회의'), ['내일 회의 있어요?', 'hello 회의'])
  t.same(await find('hello 회의'), ['hello 회의'])
  t.same(await find('東京'), ['東京都庁へ行く'])
  t.same(await find('开会'), ['我们开会吧'])
  t.same(await find('"quoted'), ['a+b (c) "quoted'])
  for (const q of ['.*', ' ', '!?']) t.same(await find(q), [], 'a query without a word finds nothing')
  await minji('PUT', '/messages/4', { text: '내일 약속' })
  await minji('DELETE', '/messages/8')
  t.same(await find('회의'), [])
  t.same(await find('약속'), ['내일 약속'])
  t.equal((await minji('GET', '/messages/search?q=')).status, 400)
  t.equal((await minji('GET', '/messages/search')).status, 400)
})

test('history between two messages is read with after and before together', async t => {
  const { minji } = await talking(t)
  const ids: number[] = []
  for (let n = 0; n < 6; n++) ids.push((await minji('POST', '/messages', { text: `line ${n}` })).body.id)
  const page = async (query: string) => {
    const { body } = await minji('GET', `/messages?${query}`)
    return [body.messages.map(({ id }: { id: number }) => ids.indexOf(id)), body.has_more]
  }
  t.same(await page(`after=${ids[0]}&before=${ids[4]}`), [[1, 2, 3], false])
  t.same(await page(`after=${ids[0]}&before=${ids[4]}&limit=2`), [[1, 2], true])
  t.same(await page(`after=${ids[2]}&before=${ids[4]}&limit=2`), [[3], false])
  t.same(await page(`after=${ids[4]}&before=${ids[1]}`), [[], false])
})

test('search pages from the newest to the oldest', async t => {
  const { minji } = await talking(t)
  for (let n = 0; n < 25; n++) await minji('POST', '/messages', { text: `회의 ${n}` })
  const found: string[] = []
  let query = ''
  for (;;) {
    const { messages, has_more, next_before } = (
      await minji('GET', `/messages/search?q=${encodeURIComponent('회의')}&limit=10${query}`)
    ).body
    found.unshift(...messages.map(({ text }: { text: string }) => text))
    if (!has_more) break
    query = `&before=${next_before}`
  }
  t.same(
    found,
    Array.from({ length: 25 }, (_, n) => `회의 ${n}`),
  )
})

test('a page of history or of search hits is at most 256 KiB, and the next one continues where it ends', async t => {
  const { app, minji } = await talking(t)
  const texts = ['회의'.repeat(1000), `회의 ${'\u0001'.repeat(1997)}`]
  const ids: number[] = []
  for (let n = 0; n < 60; n++) ids.push((await minji('POST', '/messages', { text: texts[n % 2] })).body.id)
  const { headers } = await register(app, 'bob')

  async function all(
    path: string,
    next: (page: { messages: { id: number }[]; next_before?: number }) => string,
    first = '',
  ) {
    const found: number[][] = []
    for (let query = first; ; ) {
      const answer = await app.inject({ url: `/rooms/default${path}limit=100${query}`, headers })
      t.ok(answer.rawPayload.length <= 256 * 1024 + 1000, `${answer.rawPayload.length}`)
      const page = answer.json()
      found.push(page.messages.map(({ id }: { id: number }) => id))
      if (!page.has_more) return found
      query = next(page)
    }
  }
  const back = await all('/messages?', ({ messages }) => `&before=${messages[0]?.id}`)
  t.ok(back.length >= 2)
  t.strictSame(back.reverse().flat(), ids)
  const forth = await all('/messages?', ({ messages }) => `&after=${messages.at(-1)?.id}`, '&after=0')
  t.strictSame(forth.flat(), ids)
  const hits = await all('/messages/search?q=%ED%9A%8C%EC%9D%98&', ({ next_before }) => `&before=${next_before}`)
  t.strictSame(hits.reverse().flat(), ids)
})

test('messages are read by their ids in one request, in ascending order; unknown ids are skipped', async t => {
  const { app, minji, seojun } = await talking(t)
  for (const text of ['one', 'two', 'three']) await seojun('POST', '/messages', { text })
  const { messages } = (await minji('GET', '/messages')).body
  const [one, two, three] = messages.map(({ id }: { id: number }) => id)
  await seojun('PUT', `/messages/${one}`, { text: 'ONE' })
  await seojun('DELETE', `/messages/${two}`)
  const page = (await minji('GET', `/messages?ids=${three},${one},${two},${one},1,99999`)).body
  t.match(page, {
    has_more: false,
    messages: [
      { id: one, text: 'ONE' },
      { id: two, text: '', deleted_at: String },
      { id: three, text: 'three' },
    ],
  })
  t.equal(page.messages.length, 3)
  const narrowed = (await minji('GET', `/messages?ids=${one},${three}&before=${three}`)).body
  t.strictSame(
    narrowed.messages.map(({ id }: { id: number }) => id),
    [one],
  )
  for (const query of ['ids=', 'ids=0', 'ids=a', 'ids=1,', `ids=${'1,'.repeat(100)}1`, 'ids=1&ids=2'])
    t.equal((await minji('GET', `/messages?${query}`)).status, 400, query)
  const { headers } = await register(app, 'sora')
  const made = await app.inject({
    method: 'POST',
    url: '/rooms',
    headers,
    payload: { name: 'Plans', is_public: false },
  })
  const hidden = await app.inject({
    url: `/rooms/${made.json<{ id: string }>().id}/messages?ids=1`,
    headers: (await register(app, 'jun')).headers,
  })
  t.equal(hidden.statusCode, 404)
})

test('a search over all of one’s rooms finds the newest matches, and nothing of other rooms', async t => {
  const { app, minji } = await talking(t)
  const jun = await register(app, 'jun')
  const own = await register(app, 'sora')
  const make = async (name: string, is_public = true) => {
    const made = await app.inject({ method: 'POST', url: '/rooms', ...jun, payload: { name, is_public } })
    return made.json<{ id: string }>().id
  }
  const say = (room: string, text: string) =>
    app.inject({ method: 'POST', url: `/rooms/${room}/messages`, ...jun, payload: { text } })
  const rooms = [await make('one'), await make('two', false), await make('three')]
  for (const room of rooms.slice(0, 2)) await app.inject({ method: 'PUT', url: `/rooms/${room}/members/sora`, ...jun })
  await minji('POST', '/messages', { text: '점심 회의' })
  for (const room of rooms) for (let i = 0; i < 3; i++) await say(room, `회의 ${i}`)
  const find = async (query: string) => {
    const found = await app.inject({ url: `/messages/search?${query}`, ...own })
    return { status: found.statusCode, body: found.json() }
  }
  const q = `q=${encodeURIComponent('회의')}`
  const { body } = await find(q)
  t.match(body, { has_more: false })
  const [one, two] = rooms
  t.strictSame(
    body.messages.map(({ room_id }: { room_id: string }) => room_id),
    ['default', one, one, one, two, two, two],
    'in ascending order of time; not in a room that one is not a member of',
  )
  const last = await find(`${q}&limit=4`)
  t.equal(last.body.has_more, true)
  t.strictSame(last.body.messages, body.messages.slice(-4), 'the newest ones')
  for (const query of ['', 'q=', `${q}&before=3`, `${q}&limit=0`]) t.equal((await find(query)).status, 400, query)
  t.equal((await app.inject({ url: `/messages/search?${q}` })).statusCode, 401)
})

test('members see the texts that a message has had, page by page, until it is deleted', async t => {
  const { app, minji, seojun } = await talking(t)
  await minji('POST', '/messages', { text: 'one' })
  for (const text of ['two', 'three']) await minji('PUT', '/messages/2', { text })
  const { body } = await seojun('GET', '/messages/2/versions')
  t.match(body, {
    versions: [
      { seq: 2, text: 'one' },
      { seq: 3, text: 'two' },
      { seq: 4, text: 'three' },
    ],
    has_more: false,
  })
  const first = await app.inject({
    url: '/rooms/default/messages/2/versions?limit=2',
    headers: (await register(app, 'jun')).headers,
  })
  t.same(first.json(), { versions: body.versions.slice(0, 2), has_more: true })
  t.match(first.headers.link, 'versions?limit=2&after=3>; rel="next"')
  const rest = await seojun('GET', '/messages/2/versions?limit=2&after=3')
  t.same(rest.body, { versions: body.versions.slice(2), has_more: false })
  t.match(await seojun('GET', '/messages/3/versions'), { status: 404, body: { code: 'MESSAGE_NOT_FOUND' } })
  t.match(await seojun('GET', '/messages/99/versions'), { status: 404, body: { code: 'MESSAGE_NOT_FOUND' } })
  await minji('DELETE', '/messages/2')
  t.match(await seojun('GET', '/messages/2/versions'), { body: { code: 'MESSAGE_DELETED' } })
})

test('a page of versions has a limit in bytes', async t => {
  const { app, minji } = await talking(t)
  const { messages } = app
  const text = '\u0001가'.repeat(990)
  await messages.send('default', 'minji', { client_id: 'a', text })
  for (let i = 0; i < 60; i++) await messages.edit('default', 'minji', 2, { client_id: `${i}`, text: `${i}${text}` })
  const found: { seq: number }[] = []
  let pages = 0
  for (let has_more = true; has_more; pages++) {
    const { body } = await minji('GET', `/messages/2/versions?limit=100&after=${found.at(-1)?.seq ?? 0}`)
    found.push(...body.versions)
    has_more = body.has_more
    t.ok(JSON.stringify(body).length < 400_000)
  }
  t.equal(found.length, 61)
  t.ok(pages > 1, `${pages} pages`)
})
