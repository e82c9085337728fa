import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import type { CommandStartedEvent } from 'mongodb'
import root, { test } from 'tap'
import { register } from '../support/application.js'
import { enter, fileDatabase, say, clusterMissing as skip, startServers } from '../support/servers.js'
import type { TestSocket } from '../support/socket.js'

const database = await fileDatabase(root)

/** Longer than the delay before a room is indexed, and than other servers are given way. */
const APART_MS = 1500

/** The commands of a cluster's servers that read or write the default room, as `name collection`. */
function watch({ apps }: Awaited<ReturnType<typeof startServers>>) {
  const seen: string[] = []
  const onCommand = ({ commandName, command }: CommandStartedEvent) => {
    // Polls name the room as well, but their number depends on the time only.
    const isPoll =
      commandName === 'find' && command.filter?.room_id === 'default' && typeof command.filter.seq === 'number'
    if (!isPoll && JSON.stringify(command).includes('"default"')) seen.push(`${commandName} ${command[commandName]}`)
  }
  for (const app of apps) app.mongo.client.on('commandStarted', onCommand)
  return seen
}

async function cluster(t: Parameters<typeof startServers>[0]) {
  const uri = new URL(database?.uri as string)
  uri.searchParams.set('monitorCommands', 'true')
  const cluster = await startServers(t, database && { ...database, uri: uri.href }, 2)
  const sockets: TestSocket[] = []
  for (const [at, username] of ['minji', 'bob'].entries()) {
    const { token } = await register(cluster.apps[at] as never, username)
    sockets.push(await enter(t, cluster.origins[at] as string, '/rooms/default/ws', token))
  }
  return { cluster, sockets: sockets as [TestSocket, TestSocket] }
}

test('a message said alone costs at most 5 commands of all servers together', { skip }, async t => {
  const { cluster: servers, sockets } = await cluster(t)
  const [minji, bob] = sockets
  await say(minji, 'first', 'first')
  await wait(APART_MS)
  const seen = watch(servers)
  const messages = 5
  for (let n = 0; n < messages; n++) {
    await say(minji, randomUUID(), `alone ${n}`)
    await bob.next('message', { text: `alone ${n}` })
    await wait(APART_MS)
  }
  t.comment(`${seen.length / messages} commands per message: ${seen.slice(0, seen.length / messages).join(', ')}`)
  t.ok(seen.length <= 5 * messages, `${seen.length} commands for ${messages} messages`)
})

test('a message of a burst costs at most a tenth of a command', { skip }, async t => {
  const { cluster: servers, sockets } = await cluster(t)
  const [minji, bob] = sockets
  await say(minji, 'first', 'first')
  await wait(APART_MS)
  const seen = watch(servers)
  const messages = 500
  for (let n = 0; n < messages; n++)
    minji.send({ type: 'send', room_id: 'default', client_id: `c-${n}`, text: `burst ${n}` })
  await bob.next('message', { text: `burst ${messages - 1}` })
  await wait(APART_MS)
  t.comment(`${seen.length} commands for ${messages} messages: ${seen.join(', ')}`)
  t.ok(seen.length <= messages / 10, `${seen.length} commands for ${messages} messages`)
})

test('messages said in turn on two servers cost at most 6 commands each', { skip }, async t => {
  const { cluster: servers, sockets } = await cluster(t)
  const [minji, bob] = sockets
  await say(minji, 'first', 'first')
  await say(bob, 'second', 'second')
  await wait(APART_MS)
  const seen = watch(servers)
  const messages = 6
  for (let n = 0; n < messages; n++) {
    const [speaker, listener] = n % 2 === 0 ? [minji, bob] : [bob, minji]
    await say(speaker, randomUUID(), `turn ${n}`)
    await listener.next('message', { text: `turn ${n}` })
    await wait(APART_MS)
  }
  t.comment(`${seen.length / messages} commands per message: ${seen.slice(0, (2 * seen.length) / messages).join(', ')}`)
  t.ok(seen.length <= 6 * messages, `${seen.length} commands for ${messages} messages`)
})
