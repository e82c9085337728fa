import { randomUUID } from 'node:crypto'
import { mock } from 'node:test'
import { type Test, test } from 'tap'
import { createMemoryPubSub } from '../../../plugins/pubsub/memory.js'
import { createRoomLog } from '../../../plugins/room-log/index.js'
import { openEmbedded } from '../../../plugins/store/index.js'
import { Hub } from '../../../plugins/ws/hub.js'
import { startPoll } from '../../../plugins/ws/poll.js'
import { temporaryFolder } from '../../support/application.js'

const room_id = 'room'

/** A server that follows a room whose events no bus brings. Seconds pass as the test says. */
async function startServer(t: Test) {
  const store = await openEmbedded(temporaryFolder(t), { error() {}, warn() {} } as never)
  t.teardown(() => store.close())
  const pubsub = { ...createMemoryPubSub(), state: 'up' as 'up' | 'down' }
  const roomLog = createRoomLog(store, pubsub)
  mock.timers.enable({ apis: ['setInterval'] })
  t.teardown(() => mock.timers.reset())
  const bounds = { per_user: 0, per_address: 0, heartbeat_ms: 30_000 }
  const hub = new Hub(store, roomLog, bounds, { hold: () => null, followUser: () => () => {} })
  const feed = await hub.follow(room_id)
  t.teardown(() => hub.release(feed))
  const { now } = performance
  let at = Math.floor(now.call(performance))
  /** Does it at the test's time, however long the machine took until then. */
  function atOnce<T>(work: () => T): T {
    performance.now = () => at
    try {
      return work()
    } finally {
      Object.assign(performance, { now })
    }
  }
  const poll = atOnce(() => startPoll(hub, roomLog, pubsub, store))
  return {
    ...{ store, pubsub, feed, poll },
    second: () => atOnce(() => mock.timers.tick(1000)),
    fourSecondsLater: () => {
      at += 4000
    },
    /** As another server does it. */
    async append(seq: number) {
      const event = { room_id, seq, type: 'message' as const, username: 'minji', client_id: randomUUID(), text: 'x' }
      await store.append(room_id, seq - 1, [{ ...event, created_at: '2026-01-01T00:00:00.000Z' }])
    },
    /** Ends the poll, after what it has begun. @returns up to where the room is known here */
    async known() {
      await poll.close()
      return feed.order.position
    },
  }
}

test('while the bus is down, a second is enough for what it did not bring', async t => {
  const server = await startServer(t)
  await server.append(1)
  server.pubsub.state = 'down'
  server.second()
  t.equal(await server.known(), 1)
  t.same(server.poll.figures, { polls: 1, found: 1 })
})

test('a bus that works is believed for four seconds', async t => {
  const server = await startServer(t)
  await server.append(1)
  server.second()
  t.same(server.poll.figures, { polls: 0, found: 0 })
  server.fourSecondsLater()
  server.second()
  t.equal(await server.known(), 1)
})

test('a bus that is back is not believed before one more look', async t => {
  const server = await startServer(t)
  const { findAhead } = server.store
  let looked: Promise<unknown> = Promise.resolve()
  server.store.findAhead = positions => {
    const found = findAhead(positions)
    looked = found
    return found
  }
  server.pubsub.state = 'down'
  server.second()
  await looked
  // What the look has set off is over by then.
  await new Promise(resolve => setImmediate(resolve))
  await server.append(1)
  server.pubsub.state = 'up'
  server.second()
  t.equal(await server.known(), 1)
})

test('where the store did not answer, it is asked again after a second', async t => {
  const server = await startServer(t)
  await server.append(1)
  const { findAhead } = server.store
  server.store.findAhead = () => Promise.reject(new Error('cut off'))
  server.fourSecondsLater()
  server.second()
  await new Promise(resolve => setImmediate(resolve))
  server.store.findAhead = findAhead
  server.second()
  t.equal(await server.known(), 1)
})
