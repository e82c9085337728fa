import { membershipTypes } from '../../../schemas/event.js'
import type { RoomState } from '../store.js'
import { type Collections, userKey } from './collections.js'
import type { Call } from './connection.js'
import { toMember, toRecord } from './documents.js'
import type { Log } from './log.js'

export const MEMBERSHIP_TYPES = [...membershipTypes]

/**
 * Reads the state on which a writer decides. The room may change during the reads, so their order is what keeps the
 * result consistent: derived data first, the log last.
 *
 * 1. The record, as of w (`indexed_seq`). It reaches w only after every row has.
 * 2. The rows: each reflects all of its user's events up to w, or more.
 * 3. The head, which is at least w and at least every row's seq, because rows and records derive from events that were
 *    appended before.
 * 4. The membership events after min(since, w) up to that head. The log has no gaps and events never change, so this
 *    is complete, whatever is appended in the meantime.
 *
 * Folding 4 over 1 and 2 by seq gives the room as of the head. In the opposite order, a removal that was indexed
 * between reading the events and reading the record would be in neither.
 *
 * Each read sees what the previous ones saw, even across a failover (`createCalls`).
 */
export function createReadState(collections: Collections, log: Log) {
  return async (call: Call, room_id: string, usernames: string[], since: number): Promise<RoomState> => {
    const found = await collections.rooms.findOne({ _id: room_id }, call)
    const room = found && toRecord(found)
    const members = await readRows(collections, call, room_id, usernames)
    const { seq: head = 0, created_at: head_at = '' } = (await log.newest(call, room_id)) ?? {}
    const after = Math.min(since, room?.indexed_seq ?? 0)
    const events = after < head ? await log.readTypes(call, room_id, MEMBERSHIP_TYPES, after, head) : []
    return { room, members, events, head, head_at }
  }
}

/** The member rows of those users that have one. */
export async function readRows({ members }: Collections, call: Call, room_id: string, usernames: string[]) {
  if (usernames.length === 0) return []
  const filter = { room_id, user: { $in: usernames.map(userKey) } }
  return (await members.find(filter, { ...call, projection: { _id: 0 } }).toArray()).map(toMember)
}
