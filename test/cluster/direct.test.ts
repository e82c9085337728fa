import { randomUUID } from 'node:crypto'
import root, { test } from 'tap'
import { newUser } from '../../plugins/auth/accounts.js'
import type { StoredEvent } from '../../schemas/event.js'
import { register } from '../support/application.js'
import { repeat } from '../support/repeat.js'
import {
  ask,
  type Cluster,
  enter,
  fileDatabase,
  say,
  clusterMissing as skip,
  startServers,
} from '../support/servers.js'

const database = await fileDatabase(root)

type App = Cluster['apps'][number]
const STARTS = repeat(200, 8)
const RACES = repeat(60, 6)

const noLimits = { BUDGET_ADDRESS_MS: '0', BUDGET_ACCOUNT_MS: '0' }
const open = (app: App, username: string, other: string) => app.rooms.openDirect(username, [other], create => create())
const code = (work: Promise<unknown>) =>
  work.then(
    () => 'done',
    (error: { code?: string }) => error.code ?? String(error),
  )

/** F39. */
test(`both sides start a conversation at once on two servers, ${STARTS} times: one room each time`, {
  skip,
}, async t => {
  const [here, there] = (await startServers(t, database, 2, noLimits)).apps as [App, App]
  await here.store.createUser(newUser('minji', ''))
  for (let n = 0; n < STARTS; n++) {
    const other = `other-${n}`
    await here.store.createUser(newUser(other, ''))
    const opened = await Promise.all([open(here, 'minji', other), open(there, other, 'minji')])
    const [{ id }] = opened
    if (opened[1].id !== id || (await there.store.readHead(id)) !== 1) t.fail(`${other} has two conversations`)
    const client_id = randomUUID()
    await there.messages.send(id, other, { client_id, text: 'hi' })
  }
  const seen = new Set<string>()
  for (let before: string | undefined; ; ) {
    const page = await here.rooms.listDirect('minji', { limit: 100, ...(before !== undefined && { before }) })
    for (const { id } of page.rooms) seen.add(id)
    before = page.next
    if (before === undefined) break
  }
  t.equal(seen.size, STARTS)
})

/** F41: the block is in the log, so what comes behind it is refused, wherever it was sent. */
test(`${RACES} blocks race with sends of both on two servers: no message is behind its block`, { skip }, async t => {
  const [here, there] = (await startServers(t, database, 2, noLimits)).apps as [App, App]
  for (const name of ['minji', 'seojun']) await here.store.createUser(newUser(name, ''))
  const { id } = await open(here, 'minji', 'seojun')
  const outcomes = new Map<string, string>()
  for (let n = 0; n < RACES; n++) {
    const sends = ['minji', 'seojun'].flatMap(username =>
      [here, there].map(async app => {
        const client_id = randomUUID()
        outcomes.set(client_id, await code(app.messages.send(id, username, { client_id, text: 'still here?' })))
      }),
    )
    await Promise.all([...sends, (n % 2 ? here : there).rooms.block('minji', 'seojun')])
    t.equal(await code(open(n % 2 ? there : here, 'seojun', 'minji')), 'BLOCKED')
    await (n % 2 ? there : here).rooms.unblock('minji', 'seojun')
  }
  const log: StoredEvent[] = []
  for (;;) {
    const page = await here.store.readEvents(id, { after: log.length, limit: 500 })
    if (page.length === 0) break
    log.push(...page)
  }
  let isBlocked = false
  for (const { type, client_id, seq } of log) {
    if (type === 'blocked' || type === 'unblocked') isBlocked = type === 'blocked'
    if (type !== 'message') continue
    if (isBlocked) t.fail(`message ${seq} is behind a block`)
    t.equal(outcomes.get(client_id), 'done')
  }
  const done = [...outcomes.values()].filter(outcome => outcome === 'done').length
  t.equal(log.filter(({ type }) => type === 'message').length, done, 'what was acknowledged is there')
  t.strictSame(
    [...new Set(outcomes.values())].filter(outcome => outcome !== 'done' && outcome !== 'BLOCKED'),
    [],
  )
})

test('a first message, leaving and blocks reach the user’s sockets on every server', { skip }, async t => {
  const cluster = await startServers(t, database, 2)
  const [here, there] = cluster.apps as [App, App]
  const [minji, seojun] = [await register(here, 'minji'), await register(here, 'seojun')]
  const phone = await enter(t, cluster.origins[1] as string, '/rooms/default/ws', seojun.token)
  const opened = await ask(here, {
    ...{ method: 'POST', url: '/direct', headers: minji.headers },
    payload: { usernames: ['seojun'] },
  })
  const { id } = opened.json<{ id: string }>()
  const mine = await enter(t, cluster.origins[0] as string, `/rooms/${id}/ws`, minji.token)
  await say(mine, 'c1', 'hello', id)
  t.match(await phone.next('direct'), { room_id: id, as_of: 2, hidden: false })
  await ask(there, { method: 'POST', url: `/rooms/${id}/leave`, headers: seojun.headers })
  t.match(await phone.next('direct'), { room_id: id, as_of: 2, hidden: true })
  await ask(here, { method: 'PUT', url: '/users/me/blocks/minji', headers: seojun.headers })
  t.match(await phone.next('block'), { username: 'minji', on: true })
  t.match(await mine.next('blocked'), { username: 'seojun', member: 'minji' })
  mine.send({ type: 'send', room_id: id, client_id: 'c2', text: 'hello?' })
  t.match(await mine.next('error'), { code: 'BLOCKED', client_id: 'c2' })
})
