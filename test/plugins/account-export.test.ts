import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { test } from 'tap'
import { build, register } from '../support/application.js'
import { listen } from '../support/socket.js'

type Line = { type: string } & Record<string, unknown>

const linesOf = (body: string) =>
  body
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line) as Line)

test('an export has the profile, sessions, rooms and own messages as they are now, and nothing of others', async t => {
  const app = await build(t)
  const [minji, bob] = [await register(app, 'minji'), await register(app, 'bob')]
  await app.users.change('minji', { display_name: '민지' })
  const { id: left } = await app.rooms.create('bob', { name: 'Secret plans', is_public: true })
  await app.rooms.join(left, 'minji', undefined)
  const send = (room_id: string, username: string, said: string) =>
    app.messages.send(room_id, username, { client_id: `own-${said}`, text: said })
  for (let n = 0; n < 120; n++) await send('default', n % 2 ? 'minji' : 'bob', `line ${n}`)
  const { event: edited } = await send('default', 'minji', 'teh')
  await app.messages.edit('default', 'minji', edited.seq, { client_id: 'edit', text: 'the' })
  const { event: gone } = await send('default', 'minji', 'gone')
  await app.messages.remove('default', 'minji', gone.seq, 'delete')
  await send(left, 'minji', 'from the room that I left')
  await app.rooms.leave(left, 'minji')

  const answer = await app.inject({ url: '/users/me/export', headers: minji.headers })
  t.equal(answer.statusCode, 200)
  t.match(answer.headers, {
    'content-type': /^application\/x-ndjson/,
    'content-disposition': 'attachment; filename="talkie-minji.jsonl"',
    'cache-control': 'no-store',
  })
  const lines = linesOf(answer.body)
  const of = (type: string) => lines.filter(line => line.type === type)
  t.match(of('account'), [{ username: 'minji', display_name: '민지', is_admin: true }])
  t.equal(of('session').length, 1)
  t.match(of('room'), [
    { id: 'default', is_member: true, name: 'Lobby', role: 'member' },
    { id: left, is_member: false },
  ])
  t.equal(of('message').length, 62)
  t.match(of('message').at(-2), { id: edited.seq, text: 'the' })
  t.match(of('message').at(-1), { room_id: left, text: 'from the room that I left' })
  t.strictSame(lines.at(-1), { type: 'end', messages: 62 })
  t.notMatch(answer.body, /bob|gone|Secret|password|hash|"line 0"/)
  t.equal((await app.inject({ url: '/users/me/export' })).statusCode, 401)
  const other = linesOf((await app.inject({ url: '/users/me/export', headers: bob.headers })).body)
  t.strictSame(other.at(-1), { type: 'end', messages: 60 })
})

test('one export of an account runs at a time, one that is cut off ends, and memory stays bounded', async t => {
  const app = await build(t)
  const { headers } = await register(app, 'minji')
  const said = 'x'.repeat(1000)
  await Promise.all(
    Array.from({ length: 2000 }, (_, n) =>
      app.messages.send('default', 'minji', { client_id: `own-${n}`, text: said }),
    ),
  )
  const origin = await listen(app)
  const stream = await app.accountExport.open('minji')
  await once(
    stream.once('readable', () => {}),
    'readable',
  )
  t.ok(stream.readableLength <= 100, 'no more lines are read than wanted')
  const refused = await app.inject({ url: '/users/me/export', headers })
  t.match(refused.json(), { code: 'RATE_LIMITED' })
  t.ok(Number(refused.headers['retry-after']) > 0)
  stream.destroy()
  await once(stream, 'close')

  const cut = new AbortController()
  const answer = await fetch(`${origin}/users/me/export`, { headers, signal: cut.signal })
  await answer.body?.getReader().read()
  cut.abort()
  let whole: Response
  do whole = await fetch(`${origin}/users/me/export`, { headers })
  while (whole.status === 429)
  t.match(linesOf(await text(whole.body as never)).at(-1), { type: 'end', messages: 2000 })
})
