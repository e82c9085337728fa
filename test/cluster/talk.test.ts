import type { FastifyInstance } from 'fastify'
import root, { type Test, test } from 'tap'
import { eventually } from '../eventually.js'
import { register } from '../helper.js'
import { type AnyFrame, connect, type TestSocket } from '../socket.js'
import { type Cluster, fileDatabase, clusterMissing as skip, startServers } from './servers.js'

root.setTimeout(240_000)
const database = await fileDatabase(root)

const ROOM = '/rooms/default/ws'
const said = (socket: TestSocket) => socket.frames.filter(({ type }) => type === 'message')
const texts = (frames: AnyFrame[]) => frames.map(({ text }) => text)
const send = (client_id: string, text: string, room_id = 'default') => ({ type: 'send', room_id, client_id, text })

/** A user with a socket on each of some servers. */
async function onServers(t: Test, { apps, origins }: Cluster, username: string, servers: number[], path = ROOM) {
  const { token } = await register(apps[0] as Cluster['apps'][number], username)
  const sockets: TestSocket[] = []
  for (const at of servers) {
    const socket = await connect(t, origins[at] as string, path, token)
    await socket.next('welcome')
    sockets.push(socket)
  }
  return { token, sockets }
}

test('what is said on one server is heard on all, once, in one order', { skip }, async t => {
  const cluster = await startServers(t, database, 3)
  const { sockets } = await onServers(t, cluster, 'minji', [0, 1, 2])
  for (let n = 0; n < 10; n++) sockets[n % 3]?.send(send(`m-${n}`, `text ${n}`))
  await eventually(() => sockets.every(socket => said(socket).length >= 10))
  const [first, ...others] = sockets.map(said)
  t.equal(new Set(texts(first as AnyFrame[])).size, 10)
  t.same(
    first?.map(({ seq }) => seq),
    Array.from({ length: 10 }, (_, n) => n + 2),
  )
  for (const other of others) t.same(other, first)
})

test('who moves to another server gets there what was missed, and a send again is the same message', {
  skip,
}, async t => {
  const cluster = await startServers(t, database, 2)
  const { token, sockets } = await onServers(t, cluster, 'minji', [0])
  const [here] = sockets as [TestSocket]
  here.send(send('first', 'before'))
  const { seq } = await here.next('ack', { client_id: 'first' })
  here.ws.terminate()
  const { sockets: others } = await onServers(t, cluster, 'bob', [0])
  others[0]?.send(send('meanwhile', 'meanwhile'))
  await others[0]?.next('ack')
  const there = await connect(t, cluster.origins[1] as string, `${ROOM}?after=${seq}`, token)
  t.match(await there.next('welcome'), { resumed: true })
  there.send(send('first', 'before'))
  t.match(await there.next('ack', { client_id: 'first' }), { seq })
  await there.next('message', { client_id: 'meanwhile' })
  await there.settled()
  t.same(texts(said(there)), ['meanwhile'])
})

test('a read mark and a new room reach the user’s sockets on other servers, a new profile all who see the user', {
  skip,
}, async t => {
  const cluster = await startServers(t, database, 2)
  const minji = await onServers(t, cluster, 'minji', [0, 1])
  const bob = await onServers(t, cluster, 'bob', [1])
  const [a, b] = minji.sockets as [TestSocket, TestSocket]
  a.send({ type: 'read', room_id: 'default', seq: 1 })
  t.match(await b.next('read'), { room_id: 'default', seq: 1 })
  await bob.sockets[0]?.settled()
  t.notOk(bob.sockets[0]?.frames.some(({ type }) => type === 'read'))
  await a.settled()
  t.notOk(
    a.frames.some(({ type }) => type === 'read'),
    'not the socket that said so',
  )
  const headers = { authorization: `Bearer ${minji.token}` }
  const payload = { display_name: '민지' }
  await cluster.apps[0]?.inject({ method: 'PUT', url: '/users/me/profile', headers, payload })
  t.match(await bob.sockets[0]?.next('profile'), { username: 'minji', display_name: '민지' })
  const { rooms } = cluster.apps[0] as FastifyInstance
  const { id } = await rooms.create('minji', { name: 'Plans', is_public: false })
  await rooms.addMember(id, 'minji', 'bob')
  t.match(await bob.sockets[0]?.next('admitted'), { room_id: id })
})

test('twenty writers on three servers: one order, no hole, less than one commit a message', { skip }, async t => {
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
  for (let n = 0; n < EACH; n++) for (const [who, socket] of writers.entries()) socket.send(send(`${who}-${n}`, `${n}`))
  await eventually(() => writers.every(socket => said(socket).length >= 20 * EACH))
  const [first, ...others] = writers.map(socket => said(socket).map(({ seq, client_id }) => `${seq} ${client_id}`))
  t.same(
    first?.map(line => Number.parseInt(line, 10)),
    Array.from({ length: 20 * EACH }, (_, n) => n + 2),
  )
  for (const other of others) t.same(other, first)
  t.ok(commits < 20 * EACH, `${commits} commits of ${20 * EACH} messages`)
})

test('fifty joins at once on two servers into a room of ten: ten are in', { skip }, async t => {
  const cluster = await startServers(t, database, 2)
  const [app] = cluster.apps as [Cluster['apps'][number]]
  const owner = await register(app, 'owner')
  const made = await app.inject({
    method: 'POST',
    url: '/rooms',
    headers: owner.headers,
    payload: { name: 'ten', max_members: 10 },
  })
  const { id } = made.json<{ id: string }>()
  const users = []
  for (let n = 0; n < 50; n++) users.push(await register(app, `user-${n}`))
  const answers = await Promise.all(
    users.map(({ headers }, n) => cluster.apps[n % 2]?.inject({ method: 'POST', url: `/rooms/${id}/join`, headers })),
  )
  const statuses = answers.map(answer => answer?.statusCode)
  t.equal(statuses.filter(status => status === 200).length, 9, 'nine and the owner')
  t.equal(statuses.filter(status => status === 409).length, 41)
  const room = await app.inject({ url: `/rooms/${id}`, headers: owner.headers })
  t.match(room.json(), { member_count: 10, last_seq: 10 })
})
