import type { Collection, IndexDescription } from 'mongodb'
import type { EventType, StoredEvent } from '../../../schemas/event.js'
import type { IndexedDocument } from './collections.js'
import type { Call } from './connection.js'
import type { Log } from './log.js'

/** The last event of a log: its seq, and its type if that is known. */
export type Newest = Pick<StoredEvent, 'seq'> & Partial<Pick<StoredEvent, 'type'>>

/**
 * Data derived from the log and kept in its own collections for fast reads. Any server may update it, and two may do so
 * at once, so each document stores the seq that it reflects and is only replaced by one with a greater seq.
 */
export interface LogIndex {
  /** Its collections, with their database indexes. */
  readonly collections: Readonly<Record<string, IndexDescription[]>>
  /** Whether it reflects a room's log up to `head`. */
  isAt(call: Call, room_id: string, head: number): Promise<boolean>
  /**
   * Applies the room's next events up to `newest`, then advances the position. Idempotent.
   * @returns whether more events are left
   */
  step(call: Call, room_id: string, newest: Newest): Promise<boolean>
  /**
   * The short way for messages that this server has just stored: applies them without reading the log. Idempotent, so
   * that `step` may repeat it.
   * @param messages events of type `message`, one directly after the other, at least one
   * @returns false if the position was not directly before them; then `step` has to do it
   */
  take(call: Call, room_id: string, messages: StoredEvent[]): Promise<boolean>
  /** Drops the entries of messages after `after` up to `upto`, because their room was deleted. */
  forget?(call: Call, room_id: string, after: number, upto: number): Promise<void>
}

/** Events per step: about ten milliseconds of work, so that leases are renewed long before they expire. */
export const STEP_EVENTS = 200

interface Applied extends Pick<LogIndex, 'collections' | 'forget'> {
  /**
   * Field of its position in the documents of `indexed`. A new field is missing, so the index starts at the first
   * event.
   */
  position: string
  types: readonly EventType[]
  /** Applies events of these types, oldest first; some may have been applied before. */
  apply(call: Call, room_id: string, events: StoredEvent[]): Promise<void>
}

/** An index whose position is the seq up to which events were applied. */
export function appliedIndex(
  { collections, forget, position, types, apply }: Applied,
  indexed: Collection<IndexedDocument>,
  log: Log,
): LogIndex {
  async function readPosition(call: Call, room_id: string): Promise<number> {
    return ((await indexed.findOne({ _id: room_id }, call))?.[position] as number | undefined) ?? 0
  }

  /** Messages change no other index, so its position stays behind, and they cost it nothing. */
  const isOfMessages = types.includes('message')

  return {
    collections,
    ...(forget && { forget }),

    async isAt(call, room_id, head) {
      const at = await readPosition(call, room_id)
      if (at >= head || isOfMessages) return at >= head
      return (await log.readTypes(call, room_id, [...types], at, head, 1)).length === 0
    },

    async take(call, room_id, messages) {
      if (!isOfMessages) return true
      await apply(call, room_id, messages)
      const [first, last] = [messages[0] as StoredEvent, messages.at(-1) as StoredEvent]
      const before = { _id: room_id, [position]: first.seq - 1 }
      return (await indexed.updateOne(before, { $set: { [position]: last.seq } }, call)).matchedCount === 1
    },

    async step(call, room_id, { seq: head, type }) {
      const after = await readPosition(call, room_id)
      // A deleted room is never read, so its events need not be indexed.
      const isGone = type === 'room_deleted'
      const found = isGone ? [] : await log.readTypes(call, room_id, [...types], after, head, STEP_EVENTS)
      if (found.length > 0) await apply(call, room_id, found)
      const seq = found.length < STEP_EVENTS ? head : (found.at(-1)?.seq as number)
      if (seq > after)
        await indexed.updateOne({ _id: room_id }, { $max: { [position]: seq } }, { ...call, upsert: true })
      return seq < head
    },
  }
}
