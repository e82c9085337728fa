import type { Logger } from '../store.js'
import type { Collections } from './collections.js'
import type { Call, Run } from './connection.js'
import type { Follower } from './follower.js'
import type { LogIndex, Newest } from './log-index.js'

/** How long events of a room gather before they are indexed behind the acks: one round for many. */
const GATHER_MS = 100
/** How long a room rests whose indexing failed. */
const RETRY_MS = 5000
/** How often to look for deleted rooms whose emptying was interrupted by the death of a server. */
const SWEEP_MS = 60_000
const SWEEP_MAX = 100
/** Rooms that wait to be indexed; one beyond is taken up with its next event or search. */
const ROOMS_MAX = 10_000
/** Rooms that this server indexes behind the acks at a time. */
const AT_ONCE = 4

/**
 * The work behind the acks: which rooms are to be followed and when. It is kept in memory as a hint only; what a crash
 * left behind is found by the next append to the room, read of its state, or search in it.
 */
export function createUpkeep({ purges }: Collections, follower: Follower, run: Run, logger: Logger) {
  /** Rooms that something was appended to, with when they may be followed. */
  const waiting = new Map<string, number>()
  const following = new Map<string, Promise<void>>()
  const working = new Set<string>()
  let timer: NodeJS.Timeout | undefined
  let failing = false
  let closed = false

  /**
   * Within this process one call at a time follows a room. Other callers wait for it, then check whether it went far
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

  /** Resolves when indexes, all unless some are named, reflect the log as it is now, or up to an event that is there. */
  const follow = (call: Call, room_id: string, indexes?: LogIndex[], newest?: Newest) =>
    alone(room_id, () => follower.follow(call, room_id, indexes, newest))

  function schedule(room_id: string, delay_ms: number) {
    if (closed || waiting.has(room_id) || waiting.size >= ROOMS_MAX) return
    waiting.set(room_id, performance.now() + delay_ms)
    arm()
  }

  /** The rooms wait in the order in which they came, so the first of them is next. */
  function arm() {
    const [next] = waiting.values()
    if (closed || timer !== undefined || next === undefined || working.size >= AT_ONCE) return
    timer = setTimeout(work, Math.max(0, next - performance.now()))
  }

  function work() {
    timer = undefined
    for (const room_id of waiting.keys()) {
      waiting.delete(room_id)
      working.add(room_id)
      void followBehind(room_id)
      break
    }
    arm()
  }

  async function followBehind(room_id: string) {
    try {
      await run(async call => {
        await follow(call, room_id)
        await follower.purge(call, room_id)
      })
      failing = false
    } catch (error) {
      if (!failing && !closed) logger.error({ err: error }, 'The store cannot index; retrying')
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

    /** Has a room followed behind whatever is under way. */
    appended: (room_id: string) => schedule(room_id, GATHER_MS),

    /** Ends what is under way; the rest is taken up by the next server. */
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
