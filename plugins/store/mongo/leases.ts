import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { errors } from '../../../schemas/error.js'
import type { Collections } from './collections.js'
import type { Call } from './connection.js'
import { insertIfMissing } from './failures.js'

/** A holder that has not renewed its lease for this long counts as dead. */
const LEASE_MS = 2000
/** Maximum wait for the holder; then the caller gets StoreUnavailable. */
const PATIENCE_MS = 10_000
const POLL_MS = 20

export interface Lease {
  /** Signals that the holder is alive. */
  renew(call: Call): Promise<void>
  release(call: Call): Promise<void>
}

/**
 * Lets one server at a time follow a room's log, or change an account. This only avoids duplicate work: a server that was
 * paused for longer than its lease repeats steps, which is harmless.
 *
 * A lease is acquired by inserting it, because of two concurrent inserts exactly one succeeds. Waiting servers see that
 * the holder is alive by changes of `beat` and time them with their own monotonic clocks, so clocks need not agree.
 */
export function createLeases({ leases }: Collections) {
  /**
   * @param isDone whether another server has done the work in the meantime
   * @returns null if it has
   * @throws StoreUnavailable if the holder takes too long
   */
  return async function acquire(call: Call, key: string, isDone: () => Promise<boolean>): Promise<Lease | null> {
    const holder = randomUUID()
    const started_at = performance.now()
    let seen = ''
    let seen_at = started_at
    while (!(await insertIfMissing(leases.insertOne({ _id: key, holder, beat: 0 }, call)))) {
      const held = await leases.findOne({ _id: key }, call)
      const now = performance.now()
      if (held !== null && seen !== `${held.holder} ${held.beat}`) {
        seen = `${held.holder} ${held.beat}`
        seen_at = now
      } else if (held !== null && now - seen_at > LEASE_MS) {
        await leases.deleteOne({ _id: key, holder: held.holder, beat: held.beat }, call)
        continue
      }
      if (await isDone()) return null
      if (now - started_at > PATIENCE_MS) throw new errors.StoreUnavailable()
      await wait(POLL_MS)
    }
    return {
      async renew(call) {
        await leases.updateOne({ _id: key, holder }, { $inc: { beat: 1 } }, call)
      },
      async release(call) {
        await leases.deleteOne({ _id: key, holder }, call)
      },
    }
  }
}
