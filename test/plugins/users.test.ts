import { test } from 'tap'
import { build } from '../support/application.js'
import { addUsers } from '../support/users.js'

test('a profile has the public part of a user and says whether they are online', async t => {
  const app = await build(t)
  await addUsers(app, 'minji')
  const profile = await app.users.profile('MINJI')
  t.match(profile, { username: 'minji', display_name: 'minji', bio: '', status: 'available', online: false })
  t.notHas(profile, { password_hash: '' })
  t.notHas(profile, { blocked: false })
  app.presence.enter('default', 'minji')
  t.equal((await app.users.profile('minji')).online, true)
  const { online: _, ...user } = profile
  t.strictSame(await app.users.read('minji'), user)
})

test('a change keeps the properties that it leaves out, and listeners get the user after it', async t => {
  const app = await build(t)
  await addUsers(app, 'minji')
  const heard: unknown[] = []
  app.users.events.on('changed', user => heard.push(user))
  await app.users.change('minji', { display_name: '민지' })
  t.match(await app.users.change('minji', { status: 'busy' }), { display_name: '민지', status: 'busy', online: false })
  t.match(heard, [
    { display_name: '민지', status: 'available' },
    { display_name: '민지', status: 'busy' },
  ])
  t.strictSame(heard[1], await app.users.read('minji'))
})

test('an unknown user is not found', async t => {
  const { users } = await build(t)
  for (const ask of [() => users.read('nobody'), () => users.profile('nobody'), () => users.change('nobody', {})]) {
    await t.rejects(ask(), { code: 'USER_NOT_FOUND' })
  }
})
