import type { PubSub } from '../pubsub/index.js'
import type { RoomLog } from '../room-log/index.js'
import { POSITIONS_MAX, type Position, type Store } from '../store/index.js'
import type { Hub } from './hub.js'

const TICK_MS = 1000
/**
 * How often the tails of followed rooms are looked up while the bus is believed to work: with a tick and the reading
 * itself nobody is 6 s behind, however the bus lies to us alone. It costs a point look-up a room.
 */
const STEADY_MS = 4000
/** Rooms that are read from the store at once. */
const REPAIRS_AT_ONCE = 16
/** The probe of the bus goes the same way through a Redis Cluster: `{servers}` names the slot. */
const CHANNEL = '{servers}:heads'

export type Poll = ReturnType<typeof startPoll>

/**
 * What the bus does not bring, the store does.
 *
 * Every second this server tells the heads of the rooms that it committed to lately, so that a lost event is missed even
 * where none follows. While the bus is down, or was a moment ago, the tails of all followed rooms are looked up every
 * second, otherwise every 4 s: a bus may work for us and not for who committed, or that server died before it told.
 */
export function startPoll(hub: Hub, roomLog: RoomLog, pubsub: PubSub, store: Store) {
  const figures = { polls: 0, found: 0 }
  const channel = `${store.epoch}:${CHANNEL}`
  let polled_at = performance.now()
  let wasDown = false
  let polling: Promise<void> | null = null
  let closed = false

  const unsubscribe = pubsub.subscribe(channel, bytes => {
    for (const { room_id, seq } of JSON.parse(Buffer.from(bytes).toString()) as Position[]) hub.head(room_id, seq)
  })

  async function poll() {
    figures.polls++
    const positions = hub.positions()
    for (let at = 0; at < positions.length && !closed; at += POSITIONS_MAX) {
      const ahead = await store.findAhead(positions.slice(at, at + POSITIONS_MAX))
      figures.found += ahead.length
      while (ahead.length > 0) {
        await Promise.all(ahead.splice(0, REPAIRS_AT_ONCE).map(room_id => hub.repair(room_id)))
      }
    }
  }

  function tick() {
    const heads = roomLog.recentHeads()
    if (heads.length > 0) pubsub.publish(channel, Buffer.from(JSON.stringify(heads)))
    const isDown = pubsub.state === 'down'
    if (polling || !(isDown || wasDown || performance.now() - polled_at >= STEADY_MS)) return
    wasDown = isDown
    polled_at = performance.now()
    // Without the store there is nothing to read; the next tick asks again.
    polling = poll()
      .catch(() => {
        wasDown = true
      })
      .finally(() => {
        polling = null
      })
  }

  const timer = setInterval(tick, TICK_MS)
  timer.unref()
  return {
    figures,
    async close() {
      closed = true
      clearInterval(timer)
      const end = await unsubscribe
      end()
      await polling
    },
  }
}
