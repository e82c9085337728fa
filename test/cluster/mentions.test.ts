import root, { test } from 'tap'
import type { StoredEvent } from '../../schemas/event.js'
import { type Cluster, fileDatabase, clusterMissing as skip, startServers } from '../support/servers.js'
import { addUsers } from '../support/users.js'

const database = await fileDatabase(root)
const OPERATIONS = 80
const names = ['ann', 'bob', 'cho']

type App = Cluster['apps'][number]

/** Counts a user's unread mentions by the log alone. */
function recount(log: StoredEvent[], username: string, mark: number) {
  const isAll = ({ data }: StoredEvent) => data?.mentions_all === true
  const isNamed = ({ data }: StoredEvent) => data?.mentions?.includes(username) === true
  const joined = log.findLast(({ type, member }) => type === 'joined' && member === username)?.seq ?? 0
  return log.filter(event => {
    if (event.type !== 'message' || event.username === username || event.seq <= Math.max(mark, joined)) return false
    const changes = log.filter(({ target }) => target === event.seq)
    if (changes.some(({ type }) => type === 'deleted')) return false
    return (
      (isNamed(event) && changes.every(change => isNamed(change) || isAll(change))) || [event, ...changes].every(isAll)
    )
  }).length
}

test('unread mentions are the same on two servers and equal a recount, whatever happens at once', { skip }, async t => {
  const cluster = await startServers(t, database, 2, { BUDGET_ACCOUNT_MS: '0', RATE_LIMIT_SENDS_PER_SECOND: '0' })
  const [app] = cluster.apps as [App]
  await addUsers(app, 'boss', ...names)
  const { id } = await app.rooms.create('boss', { name: 'Lunch' })
  for (const name of names) await app.rooms.join(id, name, undefined)
  const pick = <T>(list: T[]) => list[Math.floor(Math.random() * list.length)] as T
  const sent: { seq: number; by: string }[] = []
  const text = () => pick(['@ann님', '@bob @cho', 'no one', '@all', '@cho', 'x'])

  async function act(n: number) {
    const server = pick(cluster.apps)
    const username = pick([...names, 'boss'])
    const own = pick(sent.filter(({ by }) => by === username))
    const client_id = `${n}`
    const choice = Math.random()
    if (choice < 0.5 || !own) {
      const { event } = await server.messages.send(id, username, { client_id, text: text() })
      sent.push({ seq: event.seq, by: username })
    } else if (choice < 0.7) await server.messages.edit(id, username, own.seq, { client_id, text: text() })
    else if (choice < 0.8) await server.messages.remove(id, username, own.seq, client_id)
    else if (choice < 0.9) await server.rooms.markRead(id, username, pick(sent).seq)
    else if (username !== 'boss') {
      await server.rooms.leave(id, username)
      await server.rooms.join(id, username, undefined)
    }
  }

  /** Each device counts on either server, between other operations; a count is never negative. */
  async function count(username: string, server: App) {
    const room = await server.rooms.get(id, username)
    t.ok(room.unread_mentions >= 0 && room.unread_mentions <= room.unread + room.last_seq, 'never negative')
    return room
  }

  for (let n = 0; n < OPERATIONS; n += 4) {
    const failed = (error: { code?: string }) => {
      const expected = ['MESSAGE_DELETED', 'NOT_MEMBER', 'STORE_UNAVAILABLE', 'MESSAGE_NOT_FOUND']
      if (!expected.includes(error.code ?? '')) throw error
    }
    await Promise.all([0, 1, 2, 3].map(i => act(n + i).catch(failed)))
    await Promise.all(names.map(name => count(name, pick(cluster.apps)).catch(failed)))
  }

  const log = await app.store.readEvents(id, { after: 0, limit: 1000 })
  for (const username of names) {
    const rooms = await Promise.all(cluster.apps.map(server => count(username, server)))
    const wanted = recount(log, username, rooms[0]?.last_read_seq as number)
    t.strictSame(
      rooms.map(({ unread_mentions }) => unread_mentions),
      [wanted, wanted],
      username,
    )
    const lists = await Promise.all(cluster.apps.map(server => server.messages.mentions(username, { limit: 100 })))
    const ids = lists.map(({ messages }) => messages.map(message => message.id))
    t.strictSame(ids[0], ids[1])
    const unread = (ids[0] ?? []).filter(seq => seq > (rooms[0]?.last_read_seq as number))
    t.equal(unread.length, wanted, 'the list has what was counted')
  }
})
