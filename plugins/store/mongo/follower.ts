import type { StoredEvent } from '../../../schemas/event.js'
import type { Collections } from './collections.js'
import type { Call } from './connection.js'
import { createLeases, type Lease } from './leases.js'
import type { Log } from './log.js'
import { type LogIndex, type Newest, STEP_EVENTS } from './log-index.js'

export type Follower = ReturnType<typeof createFollower>

/**
 * Brings the indexes up to date with a room's log, and empties what it keeps no longer.
 *
 * Each step continues at the stored position and advances it at its end. After a crash the step is repeated, which is
 * harmless because steps are idempotent.
 *
 * @param all every index of the store, in the order in which they are updated
 */
export function createFollower(collections: Collections, log: Log, all: readonly LogIndex[]) {
  const { events, purges } = collections
  const acquire = createLeases(collections)

  /** Does the work under a lease, unless it is done already; waits if another server is doing it. */
  async function underLease(
    call: Call,
    room_id: string,
    isDone: () => Promise<boolean>,
    work: (lease: Lease) => Promise<void>,
  ) {
    if (await isDone()) return
    const lease = await acquire(call, room_id, isDone)
    if (lease === null) return
    try {
      await work(lease)
    } finally {
      await lease.release(call)
    }
  }

  /** Empties the next texts of a room that is purged. @returns whether it was to be purged */
  async function purgeStep(call: Call, room_id: string, head: number): Promise<boolean> {
    const position = await purges.findOne({ _id: room_id }, call)
    if (position === null) return false
    const end = position.upto ?? head
    const to = Math.min(position.seq + STEP_EVENTS, end)
    for (const index of all) await index.forget?.(call, room_id, position.seq, to)
    const seq = { $gt: position.seq, $lte: to }
    const emptied = { $set: { text: '' } }
    await events.updateMany({ room_id, seq, text: { $gt: '' } }, emptied, call)
    // Edits that came later.
    await events.updateMany({ room_id, target: seq, text: { $gt: '' } }, emptied, call)
    if (to < end) await purges.updateOne({ _id: room_id }, { $set: { seq: to } }, call)
    // Unless more is to be emptied by now.
    else await purges.deleteOne({ _id: room_id, upto: position.upto ?? { $exists: false } } as object, call)
    return true
  }

  return {
    /**
     * Brings indexes up to an event of a room's log.
     * @param known the event; by default the last one
     */
    async follow(call: Call, room_id: string, indexes: readonly LogIndex[] = all, known?: Newest): Promise<void> {
      const newest = known ?? (await log.newest(call, room_id))
      if (newest === undefined) return
      const isDone = async () => {
        for (const index of indexes) if (!(await index.isAt(call, room_id, newest.seq))) return false
        return true
      }
      await underLease(call, room_id, isDone, async lease => {
        for (const index of indexes) while (await index.step(call, room_id, newest)) await lease.renew(call)
      })
    },

    /**
     * The short way for messages that this server has just stored: no lease, no reading. A server that follows the room
     * at the same time repeats the work, which is harmless.
     * @param messages events of type `message`, one directly after the other, at least one
     * @returns whether all indexes reflect them now
     */
    async take(call: Call, room_id: string, messages: StoredEvent[]): Promise<boolean> {
      for (const index of all) if (!(await index.take(call, room_id, messages))) return false
      return true
    },

    /** Empties what a room keeps no longer, in steps; continues where a previous purge was interrupted. */
    async purge(call: Call, room_id: string): Promise<void> {
      const isDone = async () => (await purges.findOne({ _id: room_id }, call)) === null
      await underLease(call, room_id, isDone, async lease => {
        const head = await log.readHead(call, room_id)
        while (await purgeStep(call, room_id, head)) await lease.renew(call)
      })
    },
  }
}
