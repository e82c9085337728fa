import type { StoredEvent } from '../../../schemas/event.js'
import type { MemberRow } from '../../../schemas/room.js'
import { foldMember, foldRoom } from '../log/fold.js'
import { foldName } from '../log/name.js'
import { textTerms } from '../log/terms.js'
import { type Collections, type TermsDocument, userKey } from './collections.js'
import type { Call } from './connection.js'
import { memberDocument, toRecord } from './documents.js'
import { insertIfMissing } from './failures.js'
import { createLeases, type Lease } from './leases.js'
import type { Log } from './log.js'
import { MEMBERSHIP_TYPES, type ReadState } from './state.js'

/** Events of one step: some ten milliseconds, so that a lease is renewed long before it ends. */
const STEP_EVENTS = 200

export type Follower = ReturnType<typeof createFollower>

/**
 * Brings what is derived from a room's log up to date: member rows, the record, search terms, and the scrubbing of what
 * was deleted.
 *
 * Each step reads where the last one ended, does its part, and moves the position last. So a crash at any point leaves
 * a step that is done again, and doing it again changes nothing: a row gives way to a greater seq only, terms are a set,
 * an empty text stays empty, and the record is moved from one position to the next by comparing the first.
 */
export function createFollower(collections: Collections, log: Log, state: ReadState) {
  const { rooms, members, events, terms, indexed, purges } = collections
  const acquire = createLeases(collections)

  /** Whether rows and record reflect the log up to `head`; there is nothing to reflect where there is no record. */
  async function areMembersIndexed(call: Call, room_id: string, head: number): Promise<boolean> {
    const record = await rooms.findOne({ _id: room_id }, { ...call, projection: { indexed_seq: 1 } })
    return record === null || record.indexed_seq >= head
  }

  async function isIndexed(call: Call, room_id: string, head: number): Promise<boolean> {
    const position = await indexed.findOne({ _id: room_id }, call)
    return (position?.seq ?? 0) >= head && (await areMembersIndexed(call, room_id, head))
  }

  /** Does what is to be done, or waits for the server that does it. */
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

  /** Texts by the message that they belong to. */
  function gather(room_id: string, found: StoredEvent[]) {
    const sent: TermsDocument[] = []
    const edits: TermsDocument[] = []
    for (const { seq, target, text } of found) {
      if (!text) continue
      const entry = { room_id, seq: target ?? seq, terms: [...textTerms(text)] }
      ;(target === undefined ? sent : edits).push(entry)
    }
    return { sent, edits }
  }

  async function putTerms(call: Call, { sent, edits }: { sent: TermsDocument[]; edits: TermsDocument[] }) {
    // What is there was put by whoever did this step before, maybe with terms of later edits, which stay.
    if (sent.length > 0) await insertIfMissing(terms.insertMany(sent, { ...call, ordered: false }))
    for (const { room_id, seq, terms: more } of edits) {
      await terms.updateOne({ room_id, seq }, { $addToSet: { terms: { $each: more } } }, { ...call, upsert: true })
    }
  }

  async function scrub(call: Call, room_id: string, deleted: number[]) {
    if (deleted.length === 0) return
    await terms.deleteMany({ room_id, seq: { $in: deleted } }, call)
    const emptied = { $set: { text: '' } }
    await events.updateMany({ room_id, seq: { $in: deleted }, text: { $gt: '' } }, emptied, call)
    await events.updateMany({ room_id, target: { $in: deleted }, text: { $gt: '' } }, emptied, call)
  }

  /**
   * Terms and scrubs of the next events. What is deleted is asked after the terms were put: a follower that was stopped
   * between reading a text and putting its terms takes them away again, and a deletion that comes later is carried out
   * by the step over its own event.
   *
   * @returns whether there may be more
   */
  async function indexTexts(call: Call, room_id: string, { seq: head, type }: StoredEvent): Promise<boolean> {
    const position = (await indexed.findOne({ _id: room_id }, call))?.seq ?? 0
    // Nothing is found any more in a room that is gone, and all its texts are emptied anyhow.
    const isGone = type === 'room_deleted'
    const found = isGone ? [] : await log.readRaw(call, room_id, position, head, STEP_EVENTS)
    const texts = gather(room_id, found)
    await putTerms(call, texts)
    const touched = [...texts.sent, ...texts.edits].map(({ seq }) => seq)
    const named = found.flatMap(event => (event.type === 'deleted' ? [event.target as number] : []))
    await scrub(call, room_id, [...(await log.deleted(call, room_id, [...new Set([...touched, ...named])]))])
    const seq = isGone ? head : (found.at(-1)?.seq ?? position)
    if (seq > position) await indexed.updateOne({ _id: room_id }, { $max: { seq } }, { ...call, upsert: true })
    return seq < head
  }

  /** Of two followers at once the one that knows more wins, whoever comes first. */
  async function putRows(call: Call, room_id: string, rows: MemberRow[]) {
    const known = await state.readRows(
      call,
      room_id,
      rows.map(({ username }) => username),
    )
    const there = new Set(known.map(({ username }) => userKey(username)))
    const missing = rows.filter(({ username }) => !there.has(userKey(username)))
    let raced = false
    if (missing.length > 0) {
      raced = !(await insertIfMissing(members.insertMany(missing.map(memberDocument), { ...call, ordered: false })))
    }
    for (const row of rows) {
      const user = userKey(row.username)
      if (!raced && !there.has(user)) continue
      await members.updateOne({ room_id, user, seq: { $lt: row.seq } }, { $set: { ...row, user } }, call)
    }
  }

  /** Rows and record up to `head`, in this order: a reader trusts the rows as far as the record says. */
  async function indexRecord(call: Call, room_id: string, head: number): Promise<void> {
    const found = await rooms.findOne({ _id: room_id }, call)
    if (found === null || found.indexed_seq >= head) return
    const record = toRecord(found)
    const changes = await log.readTypes(call, room_id, MEMBERSHIP_TYPES, record.indexed_seq, head)
    const rows = new Map<string, MemberRow>()
    for (const event of changes) {
      const row = foldMember(event)
      if (row !== null) rows.set(userKey(row.username), row)
    }
    if (rows.size > 0) await putRows(call, room_id, [...rows.values()])
    const { id, name, owner, member_count, deleted } = changes.reduce(foldRoom, record)
    if (deleted) await insertIfMissing(purges.insertOne({ _id: id, seq: 0 }, call))
    await rooms.updateOne(
      { _id: id, indexed_seq: record.indexed_seq },
      {
        $set: {
          name,
          name_folded: foldName(name),
          owner,
          member_count,
          deleted,
          tombstone: deleted ? id : '',
          indexed_seq: head,
        },
      },
      call,
    )
  }

  /** Empties the next texts of a deleted room. @returns whether there is more */
  async function purgeStep(call: Call, room_id: string, head: number): Promise<boolean> {
    const position = await purges.findOne({ _id: room_id }, call)
    if (position === null) return false
    const to = Math.min(position.seq + STEP_EVENTS, head)
    const seq = { $gt: position.seq, $lte: to }
    await terms.deleteMany({ room_id, seq }, call)
    await events.updateMany({ room_id, seq, text: { $gt: '' } }, { $set: { text: '' } }, call)
    if (to < head) await purges.updateOne({ _id: room_id }, { $set: { seq: to } }, call)
    else await purges.deleteOne({ _id: room_id }, call)
    return to < head
  }

  return {
    /** Derives rows and record up to an event that is there. */
    async followMembers(call: Call, room_id: string, head: number): Promise<void> {
      const isDone = () => areMembersIndexed(call, room_id, head)
      await underLease(call, room_id, isDone, () => indexRecord(call, room_id, head))
    },

    /** Derives everything up to the head that the log has now. */
    async follow(call: Call, room_id: string): Promise<void> {
      const newest = await log.newest(call, room_id)
      if (newest === undefined) return
      const isDone = () => isIndexed(call, room_id, newest.seq)
      await underLease(call, room_id, isDone, async lease => {
        await indexRecord(call, room_id, newest.seq)
        while (await indexTexts(call, room_id, newest)) await lease.renew(call)
      })
    },

    /** Empties a deleted room, in steps; goes on where another was stopped. */
    async purge(call: Call, room_id: string): Promise<void> {
      const isDone = async () => (await purges.findOne({ _id: room_id }, call)) === null
      await underLease(call, room_id, isDone, async lease => {
        const head = await log.readHead(call, room_id)
        while (await purgeStep(call, room_id, head)) await lease.renew(call)
      })
    },
  }
}
