import { setTimeout as wait } from 'node:timers/promises'
import type { RoomLog } from '../room-log/index.js'
import type { Store } from '../store/index.js'

/** Messages that are deleted at once: they share a commit. */
const ERASED_AT_ONCE = 50
/** Rest after each of them, so that nobody's messages wait, ms. */
const REST_MS = 20

/**
 * Deletes all messages of a deleted account in a room, each by an event, so that clients, search and previews learn of it
 * as of any deletion. Repeating it does nothing more.
 * @param goesOn asked before each step
 */
export async function eraseMessages(
  store: Store,
  roomLog: RoomLog,
  room_id: string,
  username: string,
  goesOn: () => Promise<boolean>,
): Promise<void> {
  for (let after: number | null = 0; after !== null && (await goesOn()); ) {
    const found = await store.findByAuthor(room_id, username, { after, limit: ERASED_AT_ONCE })
    const targets = await store.readTargets(room_id, found.seqs)
    const present = targets.filter(({ newest }) => newest?.type !== 'deleted')
    await Promise.all(present.map(({ message }) => eraseMessage(roomLog, room_id, username, message.seq)))
    after = found.next_after
    await wait(REST_MS)
  }
}

async function eraseMessage(roomLog: RoomLog, room_id: string, username: string, id: number) {
  await roomLog.append(room_id, {
    type: 'deleted',
    username,
    client_id: `erased-${id}`,
    message: id,
    decide({ room }, target) {
      if (room === null || room.deleted || id <= room.emptied_seq) return null
      if (target === undefined || target.newest?.type === 'deleted') return null
      return { target: id, data: { account_deleted: true } }
    },
  })
}
