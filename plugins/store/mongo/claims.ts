import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import type { EventType, StoredEvent } from '../../../schemas/event.js'
import { namesRoom } from '../log/fold.js'
import { foldName, keyOfDuplicate } from '../log/name.js'
import { Conflict } from '../store.js'
import type { Collections } from './collections.js'
import type { Call } from './connection.js'
import { eventDocument } from './documents.js'
import { insertIfMissing } from './failures.js'
import type { Log } from './log.js'
import type { Records } from './records.js'

/** How long the server that claimed a name may take to store its event, before the claim is ended. */
const PENDING_MS = 1000
const POLL_MS = 50
const TRIES_MAX = 20
/** Events that a search for a room's name reads at a time. */
const PAGE = 50
const NAMING_TYPES: EventType[] = ['created', 'room_changed', 'room_deleted']

export type Claims = ReturnType<typeof createClaims>

/**
 * Keeps the names of rooms unique while their events are stored. A room holds a name if its log says so; but a name is
 * given in one log and must be looked for in all others. So a server first claims it: a claim says that a room will get
 * the name by its event `seq`, the next one of its log. It ends when the room's record has the name, which is then what
 * keeps others from it.
 *
 * A claim whose server died or lost the seq is void, and anybody may take it over. If the seq is not taken yet, an event
 * that changes nothing takes it, so that the event of the claim can never be stored afterwards: no clock decides.
 */
export function createClaims({ names, rooms, events }: Collections, log: Log, records: Records) {
  /** A room's name as its log says; null if it was deleted or never created. */
  async function nameOf(call: Call, room_id: string): Promise<string | null> {
    const type = { $in: NAMING_TYPES }
    for (let before = Number.MAX_SAFE_INTEGER; ; ) {
      const query = { ...call, sort: { seq: -1 }, limit: PAGE } as const
      const changes = await events.find({ room_id, type, seq: { $lt: before } }, query).toArray()
      const naming = changes.find(namesRoom)
      if (naming !== undefined) return naming.type === 'room_deleted' ? null : (naming.data?.name as string)
      if (changes.length < PAGE) return null
      before = changes.at(-1)?.seq as number
    }
  }

  const has = async (call: Call, room_id: string, folded: string) => {
    const name = await nameOf(call, room_id)
    return name !== null && foldName(name) === folded
  }

  /** Takes the seq of a claim, so that its event can never be stored. */
  async function fence(call: Call, room_id: string, seq: number) {
    const event: StoredEvent = {
      ...{ room_id, seq, username: '', client_id: randomUUID(), created_at: new Date().toISOString() },
      type: seq === 1 ? 'room_deleted' : 'room_changed',
    }
    await insertIfMissing(events.insertOne(eventDocument(event), call))
  }

  /** Whether the room of a claim has the name, or can no longer get it by this claim. */
  async function settle(call: Call, folded: string, { room_id, seq }: { room_id: string; seq: number }) {
    const until = performance.now() + PENDING_MS
    while ((await log.readHead(call, room_id)) < seq) {
      if (performance.now() > until) await fence(call, room_id, seq)
      else await wait(POLL_MS)
    }
    if (seq === 1) await records.complete(call, room_id)
    return has(call, room_id, folded)
  }

  /**
   * Frees a name that records of other rooms still show although their logs say otherwise, because they lag.
   * @returns false if another room has the name
   */
  async function free(call: Call, folded: string, room_id: string): Promise<boolean> {
    const others = { name_folded: folded, tombstone: '', _id: { $ne: room_id } }
    for (const { _id } of await rooms.find(others, { ...call, projection: { _id: 1 } }).toArray()) {
      if (await has(call, _id, folded)) return false
      const key = keyOfDuplicate(folded, _id)
      await rooms.updateOne({ _id, name_folded: folded }, { $set: { name: key, name_folded: key } }, call)
    }
    return true
  }

  /** @returns whether the claim is stored; no other room has one for this name then */
  async function put(call: Call, folded: string, room_id: string, seq: number): Promise<boolean> {
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      if (await insertIfMissing(names.insertOne({ _id: folded, room_id, seq }, call))) return true
      const held = await names.findOne({ _id: folded }, call)
      if (held === null) continue
      if (held.room_id === room_id) {
        if (held.seq === seq) return true
        if (held.seq > seq) throw new Conflict(`Event ${seq} of room ${room_id} exists`)
      } else if (await settle(call, folded, held)) return false
      const same = { _id: folded, room_id: held.room_id, seq: held.seq }
      if ((await names.updateOne(same, { $set: { room_id, seq } }, call)).matchedCount === 1) return true
    }
    return false
  }

  /** Ends the claim of a name that the room's record has now, or that the room did not get. */
  async function release(call: Call, name: string, room_id: string, seq: number) {
    await names.deleteOne({ _id: foldName(name), room_id, seq: { $lte: seq } }, call)
  }

  return {
    free,
    release,

    /**
     * Claims a name for the event `seq` of a room, whose log goes up to the event before.
     * @returns false if another room has the name
     * @throws Conflict if another server has already claimed the name for a later event of the room
     */
    async claim(call: Call, name: string, room_id: string, seq: number): Promise<boolean> {
      const folded = foldName(name)
      if (!(await put(call, folded, room_id, seq))) return false
      if (await free(call, folded, room_id)) return true
      await release(call, name, room_id, seq)
      return false
    },
  }
}
