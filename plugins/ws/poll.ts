import type { PubSub } from '../pubsub/index.js'
import type { RoomLog } from '../room-log/index.js'
import { POSITIONS_MAX, type Position, type Store } from '../store/index.js'
import type { Hub } from './hub.js'

const TICK_MS = 1000
/**
 * How often a shared store is polled while the bus seems to work. Together with a tick and the read itself, no client is 6 s
 * behind even if the bus silently drops events for this server alone. Each poll costs one point lookup per room.
 */
const STEADY_MS = 4000
/** Rooms that are read from the store at the same time. */
const REPAIRS_AT_ONCE = 16
/** In a Redis Cluster `{servers}` selects the same slot as the probe of the bus. */
const CHANNEL = '{servers}:heads'

export type Poll = ReturnType<typeof startPoll>

/**
 * Gets from the store what the bus did not deliver.
 *
 * Every second this server announces the heads of the rooms that it committed to lately, so that other servers detect a
 * lost event even if none follows it. While the bus is down, or was at the last tick, all followed rooms are polled every
 * second, otherwise every 4 s if other servers write to the store: the bus may work for us but not for the server that
 * committed, or that server may have died before it published.
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
    const isDue = store.shared && performance.now() - polled_at >= STEADY_MS
    if (polling || !(isDown || wasDown || isDue)) return
    wasDown = isDown
    polled_at = performance.now()
    // If the store fails, the next tick retries.
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
