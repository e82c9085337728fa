import root, { test } from 'tap'
import { PASSWORD, register } from '../support/application.js'
import { skipLong } from '../support/repeat.js'
import { ask, type Cluster, fileDatabase, clusterMissing as skip, startServers } from '../support/servers.js'

const database = await fileDatabase(root)

type App = Cluster['apps'][number]
const RACES = skipLong ? 4 : 20

const actor = (username: string) => ({ username, address: '' })

test('an administrator who was dismissed on one server can do nothing on the other at once', { skip }, async t => {
  const { apps } = await startServers(t, database, 2)
  const [here, there] = apps as [App, App]
  await register(here, 'boss')
  const minji = await register(there, 'minji')
  await register(there, 'seojun')
  for (let n = 0; n < RACES; n++) {
    await here.administration.setAdmin(actor('boss'), 'minji', true)
    t.equal((await ask(there, { url: '/admin/users', headers: minji.headers })).statusCode, 200)
    await here.administration.setAdmin(actor('boss'), 'minji', false)
    t.equal((await ask(there, { url: '/admin/users', headers: minji.headers })).statusCode, 404)
    await t.rejects(there.administration.block(actor('minji'), 'seojun'), { code: 'NOT_FOUND' })
  }
})

test('of two administrators who dismiss each other on two servers at once, one remains', { skip }, async t => {
  const { apps } = await startServers(t, database, 2)
  const [here, there] = apps as [App, App]
  await register(here, 'boss')
  await register(there, 'minji')
  for (let n = 0, by = 'boss'; n < RACES; n++) {
    const other = by === 'boss' ? 'minji' : 'boss'
    await here.administration.setAdmin(actor(by), other, true)
    const results = await Promise.allSettled([
      here.administration.setAdmin(actor('boss'), 'minji', false),
      there.administration.setAdmin(actor('minji'), 'boss', false),
    ])
    t.equal(results.filter(({ status }) => status === 'fulfilled').length, 1)
    const users = await here.store.readUsers(['boss', 'minji'])
    const left = users.filter(({ is_admin }) => is_admin).map(({ username }) => username)
    t.strictSame(left, [results[0]?.status === 'fulfilled' ? 'boss' : 'minji'])
    by = left[0] as string
  }
})

test('of a block and an unblock at once on two servers, the later one in the log holds', { skip }, async t => {
  const { apps } = await startServers(t, database, 2)
  const [here, there] = apps as [App, App]
  await register(here, 'boss')
  await register(there, 'minji')
  for (let n = 0; n < RACES; n++) {
    await Promise.all([
      here.administration.block(actor('boss'), 'minji'),
      there.administration.unblock(actor('boss'), 'minji'),
    ])
    const { entries } = await here.administration.audit({ limit: 1 })
    const user = await there.store.readUser('minji')
    t.equal(user?.blocked, entries[0]?.act === 'user_blocked')
  }
})

test('of two last administrators who delete their accounts on two servers at once, one stays', { skip }, async t => {
  const { apps } = await startServers(t, database, 2)
  const [here, there] = apps as [App, App]
  await register(here, 'boss')
  const deleteOwn = async (app: App, username: string) => {
    const { identity } = await app.auth.login(username, PASSWORD)
    await app.administration.deleteOwn(actor(username), identity, PASSWORD, 'keep')
  }
  for (let n = 0, by = 'boss'; n < RACES; n++) {
    const other = `other-${n}`
    await register(there, other)
    await here.administration.setAdmin(actor(by), other, true)
    const results = await Promise.allSettled([deleteOwn(here, by), deleteOwn(there, other)])
    t.equal(results.filter(({ status }) => status === 'fulfilled').length, 1)
    if (results[0]?.status === 'fulfilled') by = other
    t.match(await there.store.readUser(by), { is_admin: true, deletion: null })
  }
})

test('registration that is closed on one server is closed on the other at once', { skip }, async t => {
  const { apps } = await startServers(t, database, 2)
  const [here, there] = apps as [App, App]
  await register(here, 'boss')
  for (const mode of ['closed', 'invite', 'open'] as const) {
    await here.administration.setRegistration(actor('boss'), mode)
    t.match((await ask(there, { url: '/auth/registration' })).json(), { mode })
  }
})
