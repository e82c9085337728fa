import type { StoredEvent } from '../../schemas/event.js'
import { Conflict, type Store } from '../store/index.js'

/** The log of ended sessions and changing accounts, which every server reads. */
export const SYSTEM = '_system'
/** Attempts to append: another server may take the seq between our read of the head and our append. */
const TRIES_MAX = 100

type Entry = Omit<StoredEvent, 'seq' | 'room_id'>

/** Appends to the `_system` log, which has no writer of its own. */
export function createSystemLog(store: Store) {
  let appending: Promise<void> = Promise.resolve()

  async function appendNow(entry: Entry): Promise<void> {
    for (let tries = 0; ; tries++) {
      const head = await store.readHead(SYSTEM)
      try {
        return await store.append(SYSTEM, head, [{ room_id: SYSTEM, ...entry, seq: head + 1 }])
      } catch (error) {
        if (!(error instanceof Conflict) || tries >= TRIES_MAX) throw error
        if ((await store.readByClientId(SYSTEM, entry.username, entry.client_id)) !== null) return
      }
    }
  }

  return {
    /** Appends an entry unless one of its `client_id` is there. */
    async append(entry: Entry): Promise<void> {
      // One at a time, so that only other servers can take the seq in the meantime.
      const appended = appending.then(() => appendNow(entry))
      appending = appended.catch(() => {})
      await appended
    },
  }
}
