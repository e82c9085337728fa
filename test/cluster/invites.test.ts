import root, { test } from 'tap'
import { PASSWORD } from '../support/application.js'
import type { Fate } from '../support/redis-proxy.js'
import { ask, type Cluster, fileDatabase, clusterMissing as skip, startServers } from '../support/servers.js'
import { addUsers } from '../support/users.js'

const database = await fileDatabase(root)

const JOINS = 50
const USES = 10

type App = Cluster['apps'][number]

/** Servers whose bus loses, repeats and reorders messages, and a room on them. */
async function room(t: Parameters<typeof startServers>[0], env = {}) {
  const cluster = await startServers(t, database, 3, { BUDGET_ADDRESS_MS: '0', BUDGET_ACCOUNT_MS: '0', ...env })
  const fates: Fate[] = ['swallow', 'repeat', 'swap', 'pass']
  for (const proxy of cluster.proxies) proxy.fate = () => fates[Math.floor(Math.random() * 4)] as Fate
  const [app] = cluster.apps as [App]
  await addUsers(app, 'owner')
  const { id } = await app.rooms.create('owner', { name: 'Lunch', is_public: false })
  return { app, id, apps: cluster.apps }
}

/** Repeats what failed because the store was slow, as clients do. */
async function outcome(work: () => Promise<unknown>): Promise<string> {
  for (;;) {
    try {
      await work()
      return 'done'
    } catch (error) {
      const { code = '' } = error as { code?: string }
      if (code !== 'STORE_UNAVAILABLE') return code
    }
  }
}

test(`of ${JOINS} users who join by an invitation of ${USES} uses on three servers, ${USES} get in, each once`, {
  skip,
}, async t => {
  const { app, apps, id } = await room(t)
  const invite = await app.rooms.invite(id, 'owner', { max_uses: USES })
  const names = Array.from({ length: JOINS }, (_, n) => `user-${n}`)
  await addUsers(app, ...names)
  const joins = names.map((name, n) => outcome(() => (apps[n % 3] as App).rooms.joinByInvite(invite.code, name)))
  // Some try twice, on another server.
  const again = names
    .slice(0, 10)
    .map((name, n) => outcome(() => (apps[(n + 1) % 3] as App).rooms.joinByInvite(invite.code, name)))
  const codes = await Promise.all(joins)
  await Promise.all(again)
  const joined = await app.store.readByType(id, 'joined', { after: 0, limit: 500 })
  const by = joined.map(({ member }) => member)
  t.equal(by.length, USES)
  t.equal(new Set(by).size, USES)
  const refused = names.filter(name => !by.includes(name))
  for (const name of refused) t.equal(codes[names.indexOf(name)], 'INVITATION_INVALID', name)
  for (const one of apps)
    t.match((await one.rooms.invites(id, 'owner', {})).invites, [{ uses: USES, state: 'used_up' }])
})

test(`of 30 users who sign up by an invitation of ${USES} uses on three servers, ${USES} get an account and join`, {
  skip,
}, async t => {
  const { app, apps, id } = await room(t, { REGISTRATION: 'invite' })
  const { code: invitation } = await app.rooms.invite(id, 'owner', { max_uses: USES })
  const answers = await Promise.all(
    Array.from({ length: 30 }, (_, n) =>
      ask(apps[n % 3] as App, {
        ...{ method: 'POST', url: '/auth/register' },
        payload: { username: `user-${n}`, password: PASSWORD, invitation },
      }),
    ),
  )
  const statuses = answers.map(({ statusCode }) => statusCode)
  t.same(statuses.toSorted(), [...Array(USES).fill(201), ...Array(30 - USES).fill(404)])
  t.equal(await app.store.countUsers(), USES + 1)
  t.match(await app.rooms.get(id, 'owner'), { member_count: USES + 1 })
})

test('a user who is banned while joining by an invitation on other servers is no member afterwards', {
  skip,
}, async t => {
  const { app, apps, id } = await room(t)
  const invite = await app.rooms.invite(id, 'owner', {})
  const names = Array.from({ length: 10 }, (_, n) => `user-${n}`)
  await addUsers(app, ...names)
  await Promise.all(
    names.flatMap((name, n) => [
      outcome(() => (apps[n % 3] as App).rooms.joinByInvite(invite.code, name)),
      outcome(() => (apps[(n + 1) % 3] as App).rooms.ban(id, 'owner', name, {})),
      outcome(() => (apps[(n + 2) % 3] as App).rooms.joinByInvite(invite.code, name)),
    ]),
  )
  const log = await app.store.readEvents(id, { after: 0, limit: 500 })
  for (const name of names) {
    const own = log.filter(({ member }) => member === name)
    t.equal(own.at(-1)?.type, 'banned', name)
    t.equal(await outcome(() => (apps[0] as App).rooms.joinByInvite(invite.code, name)), 'BANNED')
  }
})
