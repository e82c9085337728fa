import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import root, { type Test, test } from 'tap'
import { register } from '../support/application.js'
import { eventually } from '../support/eventually.js'
import {
  ask,
  type Cluster,
  enter,
  fileDatabase,
  say,
  clusterMissing as skip,
  startServers,
} from '../support/servers.js'
import type { AnyFrame, TestSocket } from '../support/socket.js'

const database = await fileDatabase(root)

const ROOM = '/rooms/default/ws'
const said = (socket: TestSocket) => socket.frames.filter(({ type }) => type === 'message')
const texts = (frames: AnyFrame[]) => frames.map(({ text }) => text)

/** Repeats `does` once a second until it is received, because the bus may lose ephemeral frames. */
async function again(does: () => unknown, heard: () => Promise<unknown>) {
  let isHeard = false
  const hearing = heard().finally(() => {
    isHeard = true
  })
  while (!isHeard) {
    await does()
    await Promise.race([hearing, sleep(1000)])
  }
  await hearing
}

/** A user with a socket on each of some servers. */
async function onServers(t: Test, { apps, origins }: Cluster, username: string, servers: number[], path = ROOM) {
  const { token } = await register(apps[0] as Cluster['apps'][number], username)
  const sockets: TestSocket[] = []
  for (const at of servers) {
    sockets.push(await enter(t, origins[at] as string, path, token))
  }
  return { token, sockets }
}

test('a message sent on one server reaches all servers once, in the same order', { skip }, async t => {
  const cluster = await startServers(t, database, 3)
  const { sockets } = await onServers(t, cluster, 'minji', [0, 1, 2])
  await Promise.all(Array.from({ length: 10 }, (_, n) => say(sockets[n % 3] as TestSocket, `m-${n}`, `text ${n}`)))
  await eventually(() => sockets.every(socket => said(socket).length >= 10))
  const [first, ...others] = sockets.map(said)
  t.equal(new Set(texts(first as AnyFrame[])).size, 10)
  t.same(
    first?.map(({ seq }) => seq),
    Array.from({ length: 10 }, (_, n) => n + 2),
  )
  for (const other of others) t.same(other, first)
})

test('a client that moves to another server receives what it missed, and a retried send is stored once', {
  skip,
}, async t => {
  const cluster = await startServers(t, database, 2)
  const { token, sockets } = await onServers(t, cluster, 'minji', [0])
  const [here] = sockets as [TestSocket]
  const { seq } = await say(here, 'first', 'before')
  here.ws.terminate()
  const { sockets: others } = await onServers(t, cluster, 'bob', [0])
  await say(others[0] as TestSocket, 'meanwhile', 'meanwhile')
  const there = await enter(t, cluster.origins[1] as string, `${ROOM}?after=${seq}`, token)
  t.match(there.frames[0], { type: 'welcome', resumed: true })
  t.match(await say(there, 'first', 'before'), { seq })
  await there.next('message', { client_id: 'meanwhile' })
  await there.settled()
  t.same(texts(said(there)), ['meanwhile'])
})

test('read marks and new rooms reach the user’s sockets on other servers; profile changes reach everyone who shares a room', {
  skip,
}, async t => {
  const cluster = await startServers(t, database, 2)
  const minji = await onServers(t, cluster, 'minji', [0, 1])
  const bob = await onServers(t, cluster, 'bob', [1])
  const [a, b] = minji.sockets as [TestSocket, TestSocket]
  // Only a mark that moves is told.
  let seq = 1
  await again(
    async () => {
      await cluster.apps[0]?.messages.send('default', 'bob', { client_id: randomUUID(), text: 'hello' })
      a.send({ type: 'read', room_id: 'default', seq: ++seq })
    },
    async () => t.match(await b.next('read'), { room_id: 'default' }),
  )
  await bob.sockets[0]?.settled()
  t.notOk(bob.sockets[0]?.frames.some(({ type }) => type === 'read'))
  await a.settled()
  t.notOk(
    a.frames.some(({ type }) => type === 'read'),
    'but not the socket that sent it',
  )
  const headers = { authorization: `Bearer ${minji.token}` }
  const payload = { display_name: '민지' }
  const app = cluster.apps[0] as FastifyInstance
  await again(
    () => app.inject({ method: 'PUT', url: '/users/me/profile', headers, payload }),
    async () => t.match(await bob.sockets[0]?.next('profile'), { username: 'minji', display_name: '민지' }),
  )
  await again(
    async () => {
      const payload = { name: randomUUID(), is_public: false }
      const made = await app.inject({ method: 'POST', url: '/rooms', headers, payload })
      await app.inject({ method: 'PUT', url: `/rooms/${made.json<{ id: string }>().id}/members/bob`, headers })
    },
    async () => t.match(await bob.sockets[0]?.next('admitted'), { room_id: String }),
  )
})

test('twenty writers on three servers: one order, no gap, fewer commits than messages', { skip }, async t => {
  const cluster = await startServers(t, database, 3)
  let commits = 0
  for (const { roomLog } of cluster.apps) {
    roomLog.observe({
      committed: () => {
        commits++
      },
      answered() {},
    })
  }
  const writers: TestSocket[] = []
  for (let n = 0; n < 20; n++) {
    writers.push(...(await onServers(t, cluster, `writer-${n}`, [n % 3])).sockets)
  }
  const EACH = 10
  const numbers = Array.from({ length: EACH }, (_, n) => `${n}`)
  await Promise.all(numbers.flatMap(text => writers.map((socket, who) => say(socket, `${who}-${text}`, text))))
  await eventually(() => writers.every(socket => said(socket).length >= 20 * EACH))
  const [first, ...others] = writers.map(socket => said(socket).map(({ seq, client_id }) => `${seq} ${client_id}`))
  t.same(
    first?.map(line => Number.parseInt(line, 10)),
    Array.from({ length: 20 * EACH }, (_, n) => n + 2),
  )
  for (const other of others) t.same(other, first)
  t.ok(commits < 20 * EACH, `${commits} commits of ${20 * EACH} messages`)
})

test('of fifty concurrent joins on two servers, a room for ten admits nine besides its owner', { skip }, async t => {
  const cluster = await startServers(t, database, 2)
  const [app] = cluster.apps as [Cluster['apps'][number]]
  const owner = await register(app, 'owner')
  const made = await ask(app, {
    method: 'POST',
    url: '/rooms',
    headers: owner.headers,
    payload: { name: 'ten', max_members: 10 },
  })
  const { id } = made.json<{ id: string }>()
  const users = []
  for (let n = 0; n < 50; n++) users.push(await register(app, `user-${n}`))
  const answers = await Promise.all(
    users.map(({ headers }, n) =>
      ask(cluster.apps[n % 2] as typeof app, { method: 'POST', url: `/rooms/${id}/join`, headers }),
    ),
  )
  const statuses = answers.map(answer => answer.statusCode)
  t.equal(statuses.filter(status => status === 200).length, 9, 'nine and the owner')
  t.equal(statuses.filter(status => status === 409).length, 41)
  const room = await ask(app, { url: `/rooms/${id}`, headers: owner.headers })
  t.match(room.json(), { member_count: 10, last_seq: 10 })
})
