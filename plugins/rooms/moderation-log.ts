import type { StoredEvent } from '../../schemas/event.js'
import { moderationTypes } from '../../schemas/event-types.js'
import type { LogEntry, LogPage, LogQuery } from '../../schemas/log-entry.js'
import { limits } from '../../schemas/wire.js'
import { type RoomLog, shownPart } from '../room-log/index.js'
import type { Store } from '../store/index.js'
import { assertModerator, personOf } from './access.js'

/** Events that one page looks at: the log also has the deletions of authors, of which it shows none. */
export const LOG_SCANNED_MAX = 200

/** Without events by nobody, which end a claim of a name, and deletions by authors or with their accounts. */
const isEntry = ({ type, username, member, data }: StoredEvent) =>
  username !== '' && (type !== 'deleted' || (member !== undefined && !data?.account_deleted))

const entryOf = (event: StoredEvent): LogEntry =>
  ({
    ...shownPart(event),
    ...(event.type === 'deleted' && { member: event.member }),
    ...(event.data?.reason !== undefined && { reason: event.data.reason }),
  }) as LogEntry

/** Who did what to whom, and why. */
export function createModerationLog(store: Store, roomLog: RoomLog) {
  /** A page may have fewer entries than `limit`, even none, and yet have `next_before`. @throws RoomNotFound, NotModerator */
  async function moderationLog(
    room_id: string,
    username: string,
    { limit = limits.PAGE_DEFAULT, before }: LogQuery,
  ): Promise<LogPage> {
    assertModerator(await roomLog.view(room_id, [username]), room_id, await personOf(store, username))
    const query = { limit: LOG_SCANNED_MAX, ...(before !== undefined && { before }) }
    const scanned = (await store.readNewest(room_id, moderationTypes, query)).reverse()
    const found = scanned.filter(isEntry)
    const last =
      found.length > limit ? found[limit - 1] : scanned.length === LOG_SCANNED_MAX ? scanned.at(-1) : undefined
    return { entries: found.slice(0, limit).map(entryOf), ...(last && { next_before: last.seq }) }
  }

  return { moderationLog }
}
