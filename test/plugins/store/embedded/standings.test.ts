import { test } from 'tap'
import { Sqlite } from '../../../../plugins/store/embedded/sqlite.js'
import { BATCH_MAX, openEmbedded } from '../../../../plugins/store/index.js'
import { limits } from '../../../../schemas/wire.js'
import { temporaryFolder } from '../../../support/application.js'
import { events, message, room } from '../contract/support.js'

const log = { error() {} }

/** A store in which bob is a member of rooms with these numbers of unread messages. */
async function storeWith(t: Parameters<typeof temporaryFolder>[0], unread: number[]) {
  const store = await openEmbedded(temporaryFolder(t), log)
  t.teardown(() => store.close())
  for (const [at, count] of unread.entries()) {
    const id = `r${at}`
    await store.createRoom(...room(id))
    await store.append(id, 1, events(id, 1, [{ type: 'joined', member: 'bob' }]))
    for (let head = 2; head < 2 + count; head += BATCH_MAX) {
      const size = Math.min(BATCH_MAX, 2 + count - head)
      await store.append(id, head, events(id, head, Array(size).fill(message('words'))))
    }
    await store.moveMark('bob', id, 2)
  }
  return store
}

test('unread messages are counted right in rooms with few, many, very many and none of them', async t => {
  const unread = [3, 0, 900, 1001, 2, 4500, 1000, 1000, 1000, 1000, 999, 1500, 1]
  const store = await storeWith(t, unread)
  const ids = unread.map((_, at) => `r${at}`)
  const standings = await store.readStandings('bob', ids)
  const found = new Map(standings.map(({ room, unread }) => [room.id, unread]))
  t.same(
    ids.map(id => found.get(id)),
    unread.map(count => Math.min(count, limits.UNREAD_MAX)),
  )
  t.same(
    (await store.readStandings('ann', ids)).map(({ unread }) => unread),
    unread.map(() => 0),
    'own messages are not counted',
  )
})

test('a list of 100 rooms with unread messages takes 3 statements', async t => {
  const store = await storeWith(t, Array(100).fill(2))
  let statements = 0
  const { get, all } = Sqlite.prototype
  t.teardown(() => Object.assign(Sqlite.prototype, { get, all }))
  Object.assign(Sqlite.prototype, {
    get(this: Sqlite, ...args: Parameters<typeof get>) {
      statements++
      return get.apply(this, args)
    },
    all(this: Sqlite, ...args: Parameters<typeof all>) {
      statements++
      return all.apply(this, args)
    },
  })
  const { standings } = await store.listRooms('bob', { limit: 100, mine: true })
  t.equal(standings.length, 100)
  t.ok(standings.every(({ unread }) => unread === 2))
  t.equal(statements, 3)
})
