import type { StoredEvent } from '../../../schemas/event.js'
import type { Logger } from '../store.js'
import type { Collections } from './collections.js'
import type { Call, Run } from './connection.js'
import type { Follower } from './follower.js'
import type { LogIndex, Newest } from './log-index.js'

/** Delay before a room's new events are indexed in the background, so that one round covers many. */
const GATHER_MS = 100
/** Delay before a room's indexing is retried after a failure. */
const RETRY_MS = 5000
/** Interval of the search for deleted rooms whose purge was interrupted because a server died. */
const SWEEP_MS = 60_000
const SWEEP_MAX = 100
/** Maximum number of rooms queued for indexing; others are indexed with their next event or search. */
const ROOMS_MAX = 10_000
/** Messages that are kept until they are indexed, of all rooms together; others are read from the log. */
const KEPT_MAX = 2000
/** Rooms that this server indexes in the background at a time. */
const AT_ONCE = 4

/** A room to be indexed. */
interface Waiting {
  /** When, by the monotonic clock. */
  at: number
  /** What it lacks, if that is only messages which this server stored, one directly after the other. */
  messages: StoredEvent[] | null
}

/**
 * Background work after acks: schedules which rooms to index and when. The schedule is only a hint in memory; a room
 * that was unindexed at a crash is indexed with the next append, read of its state or search.
 */
export function createUpkeep({ purges }: Collections, follower: Follower, run: Run, logger: Logger) {
  /** Rooms with new events, in the order in which to index them. */
  const waiting = new Map<string, Waiting>()
  let kept = 0
  const following = new Map<string, Promise<void>>()
  const working = new Set<string>()
  let timer: NodeJS.Timeout | undefined
  let failing = false
  let closed = false

  /**
   * Lets one call of this process at a time follow a room. Other callers wait for it, then check whether it went far
   * enough.
   */
  async function alone(room_id: string, work: () => Promise<void>): Promise<void> {
    for (let other = following.get(room_id); other !== undefined; other = following.get(room_id)) {
      await other.catch(() => {})
    }
    const followed = work()
    following.set(room_id, followed)
    try {
      await followed
    } finally {
      following.delete(room_id)
    }
  }

  /** Resolves when indexes (by default all) reflect the log up to an event (by default the last one). */
  const follow = (call: Call, room_id: string, indexes?: LogIndex[], newest?: Newest) =>
    alone(room_id, () => follower.follow(call, room_id, indexes, newest))

  function schedule(room_id: string, delay_ms: number, messages: StoredEvent[] | null = null) {
    if (closed || waiting.has(room_id) || waiting.size >= ROOMS_MAX) return
    kept += messages?.length ?? 0
    waiting.set(room_id, { at: performance.now() + delay_ms, messages })
    arm()
  }

  function drop(room: Waiting) {
    kept -= room.messages?.length ?? 0
    room.messages = null
  }

  /** @returns the events, if they are messages and few enough to be kept */
  function keepable(events: StoredEvent[]): StoredEvent[] | null {
    return kept + events.length <= KEPT_MAX && events.every(({ type }) => type === 'message') ? events : null
  }

  /** The queue is in insertion order, so the first room is next. */
  function arm() {
    const [next] = waiting.values()
    if (closed || timer !== undefined || next === undefined || working.size >= AT_ONCE) return
    timer = setTimeout(work, Math.max(0, next.at - performance.now()))
  }

  function work() {
    timer = undefined
    for (const [room_id, room] of waiting) {
      const { messages } = room
      waiting.delete(room_id)
      drop(room)
      working.add(room_id)
      void followBehind(room_id, messages)
      break
    }
    arm()
  }

  /** @param messages as in `Waiting` */
  async function followBehind(room_id: string, messages: StoredEvent[] | null) {
    try {
      await run(async call => {
        let done = false
        if (messages !== null) {
          await alone(room_id, async () => {
            done = await follower.take(call, room_id, messages)
          })
        }
        if (done) return
        await follow(call, room_id)
        await follower.purge(call, room_id)
      })
      failing = false
    } catch (error) {
      if (!failing && !closed) logger.error({ err: error }, 'Failed to update the indexes of the store; retrying')
      failing = true
      schedule(room_id, RETRY_MS)
    } finally {
      working.delete(room_id)
      drained()
      arm()
    }
  }

  async function sweep() {
    const left = await run(call => purges.find({}, { ...call, limit: SWEEP_MAX }).toArray())
    for (const { _id } of left) schedule(_id, GATHER_MS)
  }

  let drained = () => {}
  const sweeping = setInterval(() => sweep().catch(() => {}), SWEEP_MS)
  sweeping.unref()

  return {
    follow,
    sweep,

    /** Schedules a room to be indexed in the background. @param events that this server has stored */
    appended(room_id: string, events: StoredEvent[]) {
      const room = waiting.get(room_id)
      const more = keepable(events)
      if (room === undefined) return schedule(room_id, GATHER_MS, more)
      if (room.messages === null) return
      if (more === null || room.messages.at(-1)?.seq !== (more[0]?.seq ?? 0) - 1) return drop(room)
      kept += more.length
      room.messages.push(...more)
    },

    /** Schedules a room whose log was found to be longer than its indexes reflect, unless that is known. */
    behind(room_id: string, head: number) {
      const room = waiting.get(room_id)
      if (room === undefined) return schedule(room_id, GATHER_MS)
      const last = room.messages?.at(-1)
      if (last !== undefined && last.seq < head) drop(room)
    },

    /** Waits for running work; the rest is left to the next server. */
    async close() {
      closed = true
      clearTimeout(timer)
      clearInterval(sweeping)
      while (working.size > 0) {
        await new Promise<void>(resolve => {
          drained = resolve
        })
      }
    },
  }
}
