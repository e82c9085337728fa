import { membershipTypes } from '../../../schemas/event.js'
import type { RoomState } from '../store.js'
import { type Collections, userKey } from './collections.js'
import type { Call } from './connection.js'
import { toRecord } from './documents.js'
import type { Log } from './log.js'

export const MEMBERSHIP_TYPES = [...membershipTypes]

/**
 * What a writer decides on. Nothing holds the room still meanwhile, so the order of the reads is what keeps the answer
 * from being stale: what is derived first, what it is derived from last.
 *
 * 1. The record, as of w (`indexed_seq`). It reaches w only after every row has.
 * 2. The rows: each reflects all of its user's events up to w, or more.
 * 3. The head, which is at least w and at least every row's seq, for rows and records are made from events that were
 *    there before.
 * 4. The membership events behind min(since, w) and up to that head. The log has no holes and its events never change,
 *    so these are all there are, whatever is appended meanwhile.
 *
 * Folded over 1 and 2 by seq, 4 gives the room as it was at the head. The other way round, a removal that was indexed
 * between reading the events and reading the record would be in neither.
 *
 * Each read sees what the ones before it saw, even if a failover comes between them (`createCalls`).
 */
export function createReadState(collections: Collections, log: Log) {
  return async (call: Call, room_id: string, usernames: string[], since: number): Promise<RoomState> => {
    const found = await collections.rooms.findOne({ _id: room_id }, call)
    const room = found && toRecord(found)
    const members = await readRows(collections, call, room_id, usernames)
    const head = await log.readHead(call, room_id)
    const after = Math.min(since, room?.indexed_seq ?? 0)
    const events = after < head ? await log.readTypes(call, room_id, MEMBERSHIP_TYPES, after, head) : []
    return { room, members, events, head }
  }
}

/** The member rows of the users that have one. */
export async function readRows({ members }: Collections, call: Call, room_id: string, usernames: string[]) {
  if (usernames.length === 0) return []
  const filter = { room_id, user: { $in: usernames.map(userKey) } }
  return members.find(filter, { ...call, projection: { _id: 0, user: 0 } }).toArray()
}
