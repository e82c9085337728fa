import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import root, { type Test, test } from 'tap'
import { register } from '../support/application.js'
import { eventually } from '../support/eventually.js'
import { start } from '../support/process.js'
import { ask, type Cluster, enter, fileDatabase, clusterMissing as skip, startServers } from '../support/servers.js'
import type { TestSocket } from '../support/socket.js'

const database = await fileDatabase(root)

/** Set RACE_TRIES for a longer run. */
const RACES = Number(process.env.RACE_TRIES ?? 10)
/** FerretDB scans the whole database for every query. */
const RACES_A_DATABASE = 5

type App = Cluster['apps'][number]
type User = Awaited<ReturnType<typeof register>>

/** Creates a room of `owner` that `members` have joined. */
async function makeRoom(app: App, owner: User, members: User[]): Promise<string> {
  const payload = { name: `Room ${Math.random()}` }
  const made = await ask(app, { method: 'POST', url: '/rooms', headers: owner.headers, payload })
  const { id } = made.json<{ id: string }>()
  for (const { headers } of members) await ask(app, { method: 'POST', url: `/rooms/${id}/join`, headers })
  return id
}

const follow = (t: Test, origin: string | undefined, room_id: string, { token }: User): Promise<TestSocket> =>
  enter(t, origin as string, `/rooms/${room_id}/ws`, token)

// `npm run revocation` measures how long it takes.
for (const bus of ['working', 'down'] as const) {
  test(`with the bus ${bus}: a logout closes that session’s sockets on another server`, { skip }, async t => {
    const cluster = await startServers(t, database, 2)
    const [here, there] = cluster.apps as [App, App]
    const minji = await register(here, 'minji')
    const again = await ask(here, {
      method: 'POST',
      url: '/auth/login',
      payload: { username: 'minji', password: 'correct horse battery' },
    })
    const other = { ...minji, token: again.json<{ token: string }>().token }
    const socket = await follow(t, cluster.origins[1], 'default', minji)
    const stays = await follow(t, cluster.origins[1], 'default', other)
    if (bus === 'down') await cluster.redis.kill()
    await ask(here, { method: 'POST', url: '/auth/logout', headers: minji.headers })
    t.match(await socket.closed, { code: 4401 })
    t.equal((await ask(there, { url: '/auth/me', headers: minji.headers })).statusCode, 401)
    await stays.settled()
    t.equal(stays.ws.readyState, stays.ws.OPEN)
  })

  test(`with the bus ${bus}: a removed member receives nothing more on another server`, { skip }, async t => {
    const cluster = await startServers(t, database, 2)
    const [here] = cluster.apps as [App]
    const [owner, bob, cho] = [await register(here, 'owner'), await register(here, 'bob'), await register(here, 'cho')]
    const id = await makeRoom(here, owner, [bob, cho])
    const [removed, left] = [await follow(t, cluster.origins[1], id, bob), await follow(t, cluster.origins[1], id, cho)]
    if (bus === 'down') await cluster.redis.kill()
    await ask(here, { method: 'DELETE', url: `/rooms/${id}/members/bob`, headers: owner.headers })
    const after = await ask(here, {
      method: 'POST',
      url: `/rooms/${id}/messages`,
      headers: owner.headers,
      payload: { client_id: 'after', text: 'bob is gone' },
    })
    t.equal(after.statusCode, 201)
    t.match(await removed.closed, { code: 4403 })
    const { seq } = await left.next('removed', { member: 'bob' })
    await left.next('message', { client_id: 'after' })
    t.same(
      removed.frames.filter(frame => Number(frame.seq) > Number(seq)),
      [],
      'nothing after the removal',
    )
    const back = await enter(t, cluster.origins[1] as string, `/rooms/${id}/ws?after=0`, bob.token)
    t.match(await back.closed, { code: 4403 }, 'not by resuming either')
    t.notOk(back.frames.some(({ type }) => type === 'message'))
  })

  test(`with the bus ${bus}: deleting a room closes its sockets on every server`, { skip }, async t => {
    const cluster = await startServers(t, database, 2)
    const [here] = cluster.apps as [App]
    const owner = await register(here, 'owner')
    const id = await makeRoom(here, owner, [])
    const socket = await follow(t, cluster.origins[1], id, owner)
    if (bus === 'down') await cluster.redis.kill()
    await ask(here, { method: 'DELETE', url: `/rooms/${id}`, headers: owner.headers })
    t.match(await socket.closed, { code: 4404 })
  })
}

/** Bob and the owner send on both servers while the owner removes Bob. */
async function raceRemoval(t: Test, { apps, origins }: Cluster, id: string, owner: User, bob: User, n: number) {
  const [here] = apps as [App]
  await here.rooms.join(id, bob.username, undefined)
  const sockets = await Promise.all(origins.map(origin => follow(t, origin, id, bob)))
  const talk = apps.map(async ({ messages }, at) => {
    for (const delay_ms of [0, 10]) {
      await wait(delay_ms)
      sockets[at]?.send({ type: 'send', room_id: id, client_id: randomUUID(), text: 'I am here' })
      await messages.send(id, owner.username, { client_id: randomUUID(), text: 'Good bye' })
    }
  })
  const removal = wait(10 * (n % 3)).then(() => apps[n % 2]?.rooms.removeMember(id, owner.username, bob.username))
  await Promise.all([...talk, removal])
  for (const { messages } of apps) {
    await messages.send(id, owner.username, { client_id: randomUUID(), text: 'surely behind it' })
  }
  const events = await here.store.readEvents(id, { after: 0, limit: 1000 })
  const removed_at = events.findLastIndex(({ type }) => type === 'removed')
  t.notOk(
    events.slice(removed_at).some(({ username }) => username === bob.username),
    'no message of his is after it',
  )
  for (const { closed, frames } of sockets) {
    t.match(await closed, { code: 4403 })
    const heard = frames.flatMap(({ type, seq }) => (type === 'welcome' || type === 'ack' || !seq ? [] : [seq]))
    const upto = events.slice(0, removed_at + 1).map(({ seq }) => seq)
    t.ok(heard.length > 0)
    t.same(heard, upto.slice(-heard.length), 'he received everything up to it and nothing after it')
  }
}

for (const bus of ['working', 'down'] as const) {
  test(`with the bus ${bus}: a member’s sockets receive everything up to the removal, and nothing after it`, {
    skip,
  }, async t => {
    for (let n = 0; n < RACES; n += RACES_A_DATABASE) {
      await t.test(`races ${n + 1} to ${n + RACES_A_DATABASE}`, async t => {
        const cluster = await startServers(t, database, 2)
        const [here] = cluster.apps as [App]
        const [owner, bob] = [await register(here, 'owner'), await register(here, 'bob')]
        if (bus === 'down') {
          await cluster.redis.kill()
          await eventually(() => cluster.apps.every(({ redisConnection }) => redisConnection?.state === 'down'))
        }
        await Promise.all(
          Array.from({ length: RACES_A_DATABASE }, async (_, at) => {
            await raceRemoval(t, cluster, await makeRoom(here, owner, []), owner, bob, n + at)
          }),
        )
      })
    }
  })
}

test('a server that cannot read ended sessions holds back messages and delivers them later', { skip }, async t => {
  const cluster = await startServers(t, database, 2)
  const [here, there] = cluster.apps as [App, App]
  const [minji, bob] = [await register(here, 'minji'), await register(here, 'bob')]
  const socket = await follow(t, cluster.origins[1], 'default', bob)
  const readEvents = there.store.readEvents
  // Only the system log, so that the room's events still arrive through the bus.
  let cutOff = true
  there.store.readEvents = async (room_id, query) => {
    if (cutOff && room_id === '_system') throw new Error('cut off')
    return readEvents(room_id, query)
  }
  await eventually(() => there.auth.untilCurrent() !== null)
  await ask(here, {
    method: 'POST',
    url: '/rooms/default/messages',
    headers: minji.headers,
    payload: { client_id: 'held', text: 'held back' },
  })
  await eventually(() => there.ws.hub.positions().some(({ seq }) => seq === 2))
  await socket.settled()
  t.notOk(socket.frames.some(({ type }) => type === 'message'))
  t.equal((await there.inject({ url: '/auth/me', headers: bob.headers })).statusCode, 503)
  cutOff = false
  t.match(await socket.next('message'), { client_id: 'held' })
})

/** The online count of the default room that a server tells a new socket. */
async function onlineCount(t: Test, origin: string | undefined, user: User) {
  const { ws, frames } = await follow(t, origin, 'default', user)
  ws.terminate()
  return frames[0]?.online_count
}

test('presence: a user with sockets on two servers is online once, and stays online when one server is killed', {
  skip,
}, async t => {
  // Long enough for a slow machine to renew the leases in time.
  const cluster = await startServers(t, database, 2, { PRESENCE_LEASE_MS: '10000' })
  const [here] = cluster.apps as [App]
  const [minji, bob, cho] = [await register(here, 'minji'), await register(here, 'bob'), await register(here, 'cho')]
  const watching = await follow(t, cluster.origins[0], 'default', cho)
  const third = start(t, ['build/server.js'], cluster.env)
  const [, origin] = await third.says(/(http:\/\/127\.0\.0\.1:\d+)/)
  await follow(t, cluster.origins[1], 'default', minji)
  await watching.next('presence', { username: 'minji', online: true })
  await follow(t, origin, 'default', minji)
  await follow(t, origin, 'default', bob)
  t.match(await watching.next('presence', { username: 'bob' }), { online: true, online_count: 3 })
  const profile = async (name: string) =>
    (await ask(here, { url: `/users/${name}/profile`, headers: cho.headers })).json<{ online: boolean }>()
  t.match(await profile('bob'), { online: true })
  const members = await ask(here, { url: '/rooms/default/members', headers: cho.headers })
  t.match(members.json(), { members: [{ online: true }, { online: true }, { online: true }] })
  // The second server reads the third one's presence once a second.
  await eventually(async () => (await onlineCount(t, cluster.origins[1], cho)) === 3)

  third.child.kill('SIGKILL')
  t.match(await watching.next('presence', { username: 'bob', online: false }), { online_count: 2 })
  t.match(await profile('bob'), { online: false })
  t.same(
    watching.frames.filter(({ type, username }) => type === 'presence' && username === 'minji').map(f => f.online),
    [true],
    'minji came online once and never went offline',
  )
})

test('presence: survives a flushed Redis, and without Redis each server reports its own users', {
  skip,
}, async t => {
  const cluster = await startServers(t, database, 2, { PRESENCE_LEASE_MS: '3000' })
  const [here] = cluster.apps as [App]
  const [minji, cho] = [await register(here, 'minji'), await register(here, 'cho')]
  const watching = await follow(t, cluster.origins[0], 'default', cho)
  await follow(t, cluster.origins[1], 'default', minji)
  await watching.next('presence', { username: 'minji', online: true })
  await cluster.redis.admin().flushall()
  const keys = async () => (await cluster.redis.admin().keys('*:online:*')).length
  await eventually(async () => (await keys()) === 2)
  await eventually(async () => (await onlineCount(t, cluster.origins[0], cho)) === 2)
  t.notOk(watching.frames.some(({ type, online }) => type === 'presence' && online === false))
  await cluster.redis.kill()
  t.match(await watching.next('presence', { username: 'minji', online: false }), { online_count: 1 })
  await cluster.redis.start()
  t.match(await watching.next('presence', { username: 'minji', online: true }), { online_count: 2 })
})

test('rate limits are shared by all servers, and counted per server without Redis', { skip }, async t => {
  const limits = { RATE_LIMIT_HTTP_PER_MINUTE: '10', RATE_LIMIT_SENDS_PER_SECOND: '1' }
  const cluster = await startServers(t, database, 2, limits)
  const [here, there] = cluster.apps as [App, App]
  const redis = cluster.redis.admin()
  const status = async (app: App, { headers }: User) => (await app.inject({ url: '/auth/me', headers })).statusCode
  const counted = async (name: string) => {
    const counts = await Promise.all((await redis.keys(`*:limit:*:${name}`)).map(key => redis.get(key)))
    return counts.reduce((sum, count) => sum + Number(count), 0)
  }
  let users = 0
  const nextUser = () => register(here, `user-${users++}`)

  // If Redis answers late, a server counts alone; then try again with the next user.
  let statuses: number[] = []
  let user: User
  do {
    user = await nextUser()
    statuses = []
    for (let n = 0; n < 12; n++) statuses.push(await status(n % 2 ? here : there, user))
  } while ((await counted(user.username)) < 12 || statuses.includes(503))
  t.same(statuses, [...Array(10).fill(200), 429, 429])

  // An account has a burst of two, and regains one per second. Two sends there and one here exceed it only if both
  // servers share the count.
  const hasAnswered = (app: App) => app.redisConnection?.run(commands => commands.ping()).catch(() => {})
  await eventually(async () => {
    const { username } = await nextUser()
    for (let n = 0; n < 2; n++) there.limits.sends(username)
    await hasAnswered(there)
    here.limits.sends(username)
    await hasAnswered(here)
    return here.limits.sends(username) > 0
  })
  await cluster.redis.kill()
  await eventually(() => here.redisConnection?.state === 'down')
  await eventually(async () => (await status(here, user)) === 200)
})
