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

/** A server that follows a room whose events the bus does not deliver. The test controls the clock. */
async function startServer(t: Test, shared = true) {
  const opened = await openEmbedded(temporaryFolder(t), { error() {}, warn() {} } as never)
  t.teardown(() => opened.close())
  const store = { ...opened, shared }
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
  /** Runs it at the test's time, however slow the machine is. */
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
    /** Appends as another server would. */
    async append(seq: number) {
      const event = { room_id, seq, type: 'message' as const, username: 'minji', client_id: randomUUID(), text: 'x' }
      await store.append(room_id, seq - 1, [{ ...event, created_at: '2026-01-01T00:00:00.000Z' }])
    },
    /** Waits for the current poll and stops polling. @returns the feed's position */
    async known() {
      await poll.close()
      return feed.order.position
    },
  }
}

test('while the bus is down, a missed event arrives within a second', async t => {
  const server = await startServer(t)
  await server.append(1)
  server.pubsub.state = 'down'
  server.second()
  t.equal(await server.known(), 1)
  t.same(server.poll.figures, { polls: 1, found: 1 })
})

test('while the bus works, the store is polled every four seconds', async t => {
  const server = await startServer(t)
  await server.append(1)
  server.second()
  t.same(server.poll.figures, { polls: 0, found: 0 })
  server.fourSecondsLater()
  server.second()
  t.equal(await server.known(), 1)
})

test('a store to which no other server writes is not polled', async t => {
  const server = await startServer(t, false)
  server.fourSecondsLater()
  server.second()
  t.same(server.poll.figures, { polls: 0, found: 0 })
})

test('after the bus is back, the store is polled once more', async t => {
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
  // By then the repair after the poll is over.
  await new Promise(resolve => setImmediate(resolve))
  await server.append(1)
  server.pubsub.state = 'up'
  server.second()
  t.equal(await server.known(), 1)
})

test('if a poll fails, it is retried after a second', async t => {
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
