import root, { test } from 'tap'
import { PASSWORD, register } from '../support/application.js'
import { eventually } from '../support/eventually.js'
import { ask, type Cluster, enter, fileDatabase, clusterMissing as skip, startServers } from '../support/servers.js'

const database = await fileDatabase(root)

const NEXT = 'another good one'
const LOGINS = 50

type App = Cluster['apps'][number]
type User = Awaited<ReturnType<typeof register>>

const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

async function logIn(app: App, password = PASSWORD): Promise<string | null> {
  const payload = { username: 'minji', password }
  const answer = await ask(app, { method: 'POST', url: '/auth/login', payload })
  return answer.statusCode === 200 ? answer.json<{ token: string }>().token : null
}

const changePassword = (app: App, { headers }: User) =>
  ask(app, {
    ...{ method: 'PUT', url: '/users/me/password', headers },
    payload: { current_password: PASSWORD, new_password: NEXT },
  })

for (const bus of ['working', 'down'] as const) {
  test(`with the bus ${bus}: a new password ends the other sessions on every server and keeps its own`, {
    skip,
  }, async t => {
    const cluster = await startServers(t, database, 2)
    const [here, there] = cluster.apps as [App, App]
    const mine = await register(here, 'minji')
    const other = (await logIn(here)) as string
    const [stays, ends] = await Promise.all(
      [mine.token, other].map(token => enter(t, cluster.origins[1] as string, '/rooms/default/ws', token)),
    )
    if (bus === 'down') await cluster.redis.kill()
    t.equal((await changePassword(here, mine)).statusCode, 204)
    t.match(await ends?.closed, { code: 4401 })
    t.equal((await ask(there, { url: '/auth/me', headers: bearer(other) })).statusCode, 401)
    t.equal((await ask(there, { url: '/auth/me', headers: mine.headers })).statusCode, 200)
    await stays?.settled()
    t.equal(stays?.ws.readyState, stays?.ws.OPEN)
  })
}

test(`of ${LOGINS} logins with the old password during its change on two servers, no session lives afterwards`, {
  skip,
}, async t => {
  const limits = { RATE_LIMIT_AUTH_PER_MINUTE: '0', BUDGET_ADDRESS_MS: '0', BUDGET_ACCOUNT_MS: '0' }
  const cluster = await startServers(t, database, 2, limits)
  const [here, there] = cluster.apps as [App, App]
  const mine = await register(here, 'minji')
  const before = Array.from({ length: LOGINS / 2 }, (_, n) => logIn(cluster.apps[n % 2] as App))
  const changed = changePassword(here, mine)
  const during = Array.from({ length: LOGINS / 2 }, (_, n) => logIn(cluster.apps[n % 2] as App))
  t.equal((await changed).statusCode, 204)
  const tokens = (await Promise.all([...before, ...during])).filter(token => token !== null)
  t.comment(`${tokens.length} of ${LOGINS} logins got a token`)
  for (const app of [here, there]) {
    for (const token of tokens) {
      t.equal((await ask(app, { url: '/auth/me', headers: bearer(token) })).statusCode, 401)
    }
    t.equal((await ask(app, { url: '/auth/me', headers: mine.headers })).statusCode, 200)
    t.equal(await logIn(app), null)
    t.ok(await logIn(app, NEXT))
  }
})

for (const bus of ['working', 'down'] as const) {
  test(`with the bus ${bus}: a deleted account has no session, no socket and no membership on any server`, {
    skip,
  }, async t => {
    const cluster = await startServers(t, database, 2, { BUDGET_ADDRESS_MS: '0', RATE_LIMIT_AUTH_PER_MINUTE: '0' })
    const [here, there] = cluster.apps as [App, App]
    const [minji, bob] = [await register(here, 'minji'), await register(here, 'bob')]
    await here.store.changeAccount('minji', { is_admin: false })
    const other = (await logIn(there)) as string
    const made = await ask(here, { method: 'POST', url: '/rooms', headers: bob.headers, payload: { name: 'Lunch' } })
    const { id } = made.json<{ id: string }>()
    await ask(here, { method: 'POST', url: `/rooms/${id}/join`, headers: minji.headers, payload: {} })
    const sockets = await Promise.all(cluster.origins.map(origin => enter(t, origin, `/rooms/${id}/ws`, other)))
    if (bus === 'down') await cluster.redis.kill()
    const logins = Array.from({ length: 10 }, (_, n) => logIn(cluster.apps[n % 2] as App))
    const answer = ask(here, {
      ...{ method: 'DELETE', url: '/users/me', headers: minji.headers },
      payload: { password: PASSWORD, messages: 'keep' },
    })
    t.equal((await answer).statusCode, 204)
    for (const socket of sockets) t.ok([4401, 4403].includes((await socket.closed).code))
    const tokens = [minji.token, other, ...(await Promise.all(logins)).filter(token => token !== null)]
    await eventually(async () => {
      const rows = await Promise.all(['default', id].map(room_id => there.store.readMember(room_id, 'minji')))
      return rows.every(row => row?.is_member === false)
    })
    for (const app of [here, there]) {
      for (const token of tokens) {
        t.equal((await ask(app, { url: '/auth/me', headers: bearer(token) })).statusCode, 401)
      }
      t.equal(await logIn(app), null)
      const late = app.messages.send(id, 'minji', { client_id: 'late', text: 'late' })
      await t.rejects(late, { code: 'NOT_MEMBER' })
    }
  })
}

test('of twenty first registrations at once on two servers, one makes an administrator', { skip }, async t => {
  const cluster = await startServers(t, database, 2, { BUDGET_ADDRESS_MS: '0' })
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, n) =>
      ask(cluster.apps[n % 2] as App, {
        ...{ method: 'POST', url: '/auth/register' },
        payload: { username: `user-${n}`, password: PASSWORD },
      }),
    ),
  )
  t.same(new Set(answers.map(({ statusCode }) => statusCode)), new Set([201]))
  const users = answers.map(answer => answer.json<{ user: { is_admin: boolean } }>().user)
  t.equal(users.filter(({ is_admin }) => is_admin).length, 1)
})

test('of ten uses of a link for a new password on two servers, one succeeds', { skip }, async t => {
  const cluster = await startServers(t, database, 2, { RATE_LIMIT_AUTH_PER_MINUTE: '0', BUDGET_ADDRESS_MS: '0' })
  const [here] = cluster.apps as [App]
  const { headers } = await register(here, 'minji')
  const made = await ask(here, { method: 'POST', url: '/admin/users/minji/reset', headers })
  const [, code] = made.json<{ link: string }>().link.split('#')
  const answers = await Promise.all(
    Array.from({ length: 10 }, (_, n) =>
      ask(cluster.apps[n % 2] as App, {
        ...{ method: 'POST', url: '/auth/reset' },
        payload: { code, new_password: `${NEXT} ${n}` },
      }),
    ),
  )
  const statuses = answers.map(({ statusCode }) => statusCode)
  t.same(statuses.toSorted(), [204, ...Array(9).fill(404)])
  t.ok(await logIn(here, `${NEXT} ${statuses.indexOf(204)}`))
  for (const app of cluster.apps) t.equal((await ask(app, { url: '/auth/me', headers })).statusCode, 401)
})
