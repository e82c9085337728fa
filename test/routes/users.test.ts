import { test } from 'tap'
import { build, register } from '../support/application.js'

test('every authenticated user can read a profile', async t => {
  const app = await build(t)
  await register(app, 'minji')
  const { headers } = await register(app, 'bob')
  const answer = await app.inject({ url: '/users/MINJI/profile', headers })
  t.equal(answer.statusCode, 200)
  const { created_at: _, avatar_color: __, ...profile } = answer.json()
  const own = await app.inject({ url: '/users/me/profile', headers })
  t.match(own.json(), { username: 'bob', bio: '' }, 'one’s own is read under the address where it is changed')
  t.same(profile, { username: 'minji', display_name: 'minji', bio: '', status: 'available', online: false })
  t.match((await app.inject({ url: '/users/nobody/profile', headers })).json(), { code: 'USER_NOT_FOUND' })
  t.match((await app.inject({ url: '/users/x/profile', headers })).json(), { code: 'BAD_REQUEST' })
})

test('an update changes the given properties only, and listeners hear of it', async t => {
  const app = await build(t)
  const { headers } = await register(app, 'minji')
  const heard: unknown[] = []
  const listener = (user: unknown) => void heard.push(user)
  app.users.events.on('changed', listener)
  const change = async (payload: object) => {
    const answer = await app.inject({ method: 'PUT', url: '/users/me/profile', headers, payload })
    return { statusCode: answer.statusCode, ...answer.json() }
  }
  const first = await change({ display_name: '민지', status: 'busy' })
  t.match(first, { statusCode: 200, username: 'minji', display_name: '민지', bio: '', status: 'busy', online: false })
  const second = await change({ bio: 'two\nlines 🦊', avatar_color: '#00ff00' })
  t.match(second, { display_name: '민지', bio: 'two\nlines 🦊', avatar_color: '#00ff00', status: 'busy' })
  t.same(await app.users.read('minji'), heard[1])
  t.equal(heard.length, 2)
  t.notMatch(heard[1], { password_hash: String })
  app.users.events.off('changed', listener)
  await change({ status: 'away' })
  t.equal(heard.length, 2)
})

test('display names with hidden or reordering characters are rejected, names of every script are accepted', async t => {
  const app = await build(t)
  const { headers } = await register(app, 'minji')
  const change = async (payload: object) => {
    return (await app.inject({ method: 'PUT', url: '/users/me/profile', headers, payload })).statusCode
  }
  const hidden = [
    '200b',
    '200d',
    '200e',
    '202e',
    '2066',
    '2060',
    'feff',
    '00ad',
    '061c',
    '3164',
    '115f',
    '2028',
    '0007',
  ]
  for (const hex of hidden) {
    const character = String.fromCodePoint(Number.parseInt(hex, 16))
    t.equal(await change({ display_name: `mi${character}nji` }), 400, `U+${hex}`)
  }
  for (const display_name of ['', ' ', ' minji', 'minji ', 'min\nji', 'a'.repeat(51), '\ud800']) {
    t.equal(await change({ display_name }), 400, JSON.stringify(display_name))
  }
  for (const display_name of ['김 민지', 'José', 'Ἀθηνᾶ', 'محمد', 'दीपक', 'ไทย', '山田', '🦊', 'Ð'.repeat(50)]) {
    t.equal(await change({ display_name }), 200, display_name)
  }
})

test('properties that a user cannot change are rejected', async t => {
  const app = await build(t)
  const { headers } = await register(app, 'minji')
  const wrong = [
    {},
    { username: 'bob' },
    { created_at: '2020-01-01T00:00:00.000Z' },
    { password_hash: 'x' },
    { online: true },
    { status: 'king' },
    { avatar_color: 'red' },
    { avatar_color: '#ffffff;background:url(x)' },
    { bio: 'x'.repeat(201) },
    { bio: 'a\0b' },
    { bio: { $gt: '' } },
  ]
  for (const payload of wrong) {
    const answer = await app.inject({ method: 'PUT', url: '/users/me/profile', headers, payload })
    t.match(answer.json(), { statusCode: 400, code: 'BAD_REQUEST' }, JSON.stringify(payload))
  }
  t.match(await app.users.read('minji'), { username: 'minji', bio: '', status: 'available' })
})

test('a user reads the own profile as me, and colors are accepted in both cases and stored in lowercase', async t => {
  const app = await build(t)
  const { headers } = await register(app, 'minji')
  const url = '/users/me/profile'
  const changed = await app.inject({ method: 'PUT', url, headers, payload: { avatar_color: '#A1B2cD' } })
  t.equal(changed.statusCode, 200)
  const read = await app.inject({ url, headers })
  t.match(read.json(), { username: 'minji', avatar_color: '#a1b2cd' })
})
