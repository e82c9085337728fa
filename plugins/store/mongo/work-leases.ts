import { LEASE_LOST_MS } from '../store.js'
import type { Collections } from './collections.js'
import type { Call } from './connection.js'
import { insertIfMissing } from './failures.js'

/**
 * Leases of work that takes longer than one call of the store; those within a call are in `leases.ts`. A caller sees
 * that the holder is alive by changes of `beat` and times them with its own monotonic clock, so clocks need not agree.
 */
export function createWorkLeases({ leases }: Collections) {
  /** What was last seen of leases that others hold, and since when. */
  const seen = new Map<string, { as: string; since: number }>()

  const insert = (call: Call, key: string, holder: string) =>
    insertIfMissing(leases.insertOne({ _id: `work ${key}`, holder, beat: 0 }, call))

  return {
    async takeLease(call: Call, key: string, holder: string): Promise<boolean> {
      const renewed = await leases.updateOne({ _id: `work ${key}`, holder }, { $inc: { beat: 1 } }, call)
      if (renewed.matchedCount === 1 || (await insert(call, key, holder))) {
        seen.delete(key)
        return true
      }
      const held = await leases.findOne({ _id: `work ${key}` }, call)
      if (held === null) return false
      const as = `${held.holder} ${held.beat}`
      const known = seen.get(key)
      const now = performance.now()
      if (known?.as !== as) {
        seen.set(key, { as, since: now })
        return false
      }
      if (now - known.since < LEASE_LOST_MS) return false
      await leases.deleteOne({ _id: `work ${key}`, holder: held.holder, beat: held.beat }, call)
      return insert(call, key, holder)
    },

    async releaseLease(call: Call, key: string, holder: string): Promise<void> {
      await leases.deleteOne({ _id: `work ${key}`, holder }, call)
    },
  }
}
