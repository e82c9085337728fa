import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { errors } from '../../../schemas/error.js'
import type { Collections } from './collections.js'
import type { Call } from './connection.js'
import { insertIfMissing } from './failures.js'

/** A holder that has not renewed its lease for so long is dead. */
const LEASE_MS = 2000
/** How long a server waits for the holder at most; then the caller gets StoreUnavailable. */
const PATIENCE_MS = 10_000
const POLL_MS = 20

export interface Lease {
  /** Tells that the holder lives. */
  renew(call: Call): Promise<void>
  release(call: Call): Promise<void>
}

/**
 * One server at a time follows a room's log. It avoids duplicate work, and nothing depends on it: a server that was
 * paused for longer than its lease repeats what is done, which is harmless.
 *
 * A lease is taken by inserting it, since of two inserts every server lets one win. Whether its holder lives is seen by
 * `beat` having changed while one looked, by one's own monotonic clock: no two servers need to agree on the time.
 */
export function createLeases({ leases }: Collections) {
  /**
   * @param isDone whether another has done the work meanwhile
   * @returns null if it has
   * @throws StoreUnavailable if the holder takes too long
   */
  return async function acquire(call: Call, room_id: string, isDone: () => Promise<boolean>): Promise<Lease | null> {
    const holder = randomUUID()
    const started_at = performance.now()
    let seen = ''
    let seen_at = started_at
    while (!(await insertIfMissing(leases.insertOne({ _id: room_id, holder, beat: 0 }, call)))) {
      const held = await leases.findOne({ _id: room_id }, call)
      const now = performance.now()
      if (held !== null && seen !== `${held.holder} ${held.beat}`) {
        seen = `${held.holder} ${held.beat}`
        seen_at = now
      } else if (held !== null && now - seen_at > LEASE_MS) {
        await leases.deleteOne({ _id: room_id, holder: held.holder, beat: held.beat }, call)
        continue
      }
      if (await isDone()) return null
      if (now - started_at > PATIENCE_MS) throw new errors.StoreUnavailable()
      await wait(POLL_MS)
    }
    return {
      async renew(call) {
        await leases.updateOne({ _id: room_id, holder }, { $inc: { beat: 1 } }, call)
      },
      async release(call) {
        await leases.deleteOne({ _id: room_id, holder }, call)
      },
    }
  }
}
