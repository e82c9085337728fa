import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { RoomRecord } from '../schemas/room.js'
import type { RoomLog } from './room-log/index.js'
import { LEASE_LOST_MS, type Store } from './store/index.js'
import { startSweeps } from './sweeps.js'

declare module 'fastify' {
  interface FastifyInstance {
    retention: Retention
  }
}

export type Retention = ReturnType<typeof createRetention>

/** How long messages are kept; 0 for no limit. */
interface Policy {
  hours: number
  messages: number
}

/** Interval at which one server looks for messages to erase. */
const SWEEP_MS = 10 * 60_000
const PAGE = 100
/** Interval at which a server looks whether the one that erases has stopped. */
const LEASE_LOOK_MS = 500
/** Rest after each room with a limit, so that others do not wait, ms. */
const REST_MS = 2
const HOUR_MS = 3_600_000

const stricter = (one: number, other: number) =>
  one === 0 || other === 0 ? Math.max(one, other) : Math.min(one, other)

/**
 * Erases messages that are older, or more, than the server or their room keeps; the shorter limit counts. One event,
 * `emptied`, erases any number of messages of a room: from its seq on nobody is shown them, and the store empties their
 * texts in steps. Their places in the log stay, so no seq is missing.
 */
export function createRetention(store: Store, roomLog: RoomLog, server: Policy, log: FastifyBaseLogger) {
  const holder = randomUUID()

  const policyOf = ({ retention_h, retention_count }: RoomRecord): Policy => ({
    hours: stricter(server.hours, retention_h),
    messages: stricter(server.messages, retention_count),
  })
  const isLimited = ({ hours, messages }: Policy) => hours > 0 || messages > 0

  /** The last event up to `cutoff` among those after `low` and up to `high`; the times of a log hardly ever go back. */
  async function lastUpto(room_id: string, cutoff: number, low: number, high: number): Promise<number> {
    while (low < high) {
      const middle = Math.ceil((low + high) / 2)
      const [event] = await store.readEvents(room_id, { after: middle - 1, upto: middle, limit: 1, texts: false })
      if (event && Date.parse(event.created_at) <= cutoff) low = middle
      else high = middle - 1
    }
    return low
  }

  /** @returns the last seq whose message is to be erased; 0 if no message is */
  async function findUpto(room: RoomRecord, { hours, messages }: Policy, now: number): Promise<number> {
    const [first] = await store.readPage(room.id, { after: room.emptied_seq, limit: 1 })
    if (first === undefined) return 0
    const { seq, created_at } = first.message
    const cutoff = now - hours * HOUR_MS
    const isOld = hours > 0 && Date.parse(created_at) <= cutoff
    const by_age = isOld ? await lastUpto(room.id, cutoff, seq, await store.readHead(room.id)) : 0
    const by_count = messages > 0 ? (await store.findNth(room.id, messages)) - 1 : 0
    return Math.max(by_age, by_count >= seq ? by_count : 0)
  }

  async function emptyRoom(room: RoomRecord, now: number) {
    const policy = policyOf(room)
    const upto = await findUpto(room, policy, now)
    if (upto === 0) return
    await roomLog.append(room.id, {
      type: 'emptied',
      username: '',
      client_id: randomUUID(),
      decide(view) {
        if (view.room === null || view.room.deleted || view.room.emptied_seq >= upto) return null
        // The limits may have been lifted meanwhile.
        const { hours, messages } = policyOf(view.room)
        return hours === policy.hours && messages === policy.messages ? { data: { upto } } : null
      },
    })
  }

  const takeLease = () => store.takeLease('retention', holder)

  /** @returns false if another server is at work. One that has stopped without returning its lease is waited out. */
  async function begin(isClosed: () => boolean): Promise<boolean> {
    const end = performance.now() + LEASE_LOST_MS + LEASE_LOOK_MS * 4
    while (!isClosed()) {
      if (await takeLease()) return true
      if (performance.now() > end) return false
      await wait(LEASE_LOOK_MS)
    }
    return false
  }

  /** Erases what is to be erased now, unless another server is doing it. */
  async function sweep(now: number, isClosed: () => boolean) {
    if (!(await begin(isClosed))) return
    try {
      for (let after = ''; ; ) {
        const page = await store.listAllRooms({ after, limit: PAGE })
        for (const room of page) {
          if (isClosed()) return
          if (!isLimited(policyOf(room))) continue
          await emptyRoom(room, now)
          await wait(REST_MS)
          if (!(await takeLease())) return
        }
        if (page.length < PAGE || !(await takeLease())) return
        after = page.at(-1)?.id as string
      }
    } finally {
      await store.releaseLease('retention', holder)
    }
  }

  return startSweeps({
    every_ms: SWEEP_MS,
    work: sweep,
    failed: error => log.warn({ err: error }, 'Failed to erase old messages; retrying'),
  })
}

async function retention(fastify: FastifyInstance) {
  const { config, log, roomLog, store } = fastify
  const policy = { hours: config.RETENTION_HOURS, messages: config.RETENTION_MESSAGES }
  const capability = createRetention(store, roomLog, policy, log)
  fastify.decorate('retention', capability)
  fastify.addHook('onReady', async () => void capability.sweep())
  fastify.addHook('onClose', () => capability.close())
}

export default fp(retention, { name: 'retention', dependencies: ['config', 'store', 'room-log'] })
