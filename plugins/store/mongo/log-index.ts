import type { Collection, IndexDescription } from 'mongodb'
import type { EventType, StoredEvent } from '../../../schemas/event.js'
import type { IndexedDocument } from './collections.js'
import type { Call } from './connection.js'
import type { Log } from './log.js'

/** The last event of a log: its seq, and its type if that is known. */
export type Newest = Pick<StoredEvent, 'seq'> & Partial<Pick<StoredEvent, 'type'>>

/**
 * Something that is derived from the log and kept in collections of its own, so that reading it is quick. Any server
 * brings it up to date, at times two at once, so its documents say which seq they reflect and give way to a greater one
 * only.
 */
export interface LogIndex {
  /** Its collections, with the database's indexes on them. */
  readonly collections: Readonly<Record<string, IndexDescription[]>>
  /** Whether it reflects a room's log up to `head`. */
  isAt(call: Call, room_id: string, head: number): Promise<boolean>
  /**
   * Reflects the room's next events up to `newest`, then moves its position. Doing a step again changes nothing.
   * @returns whether there are more
   */
  step(call: Call, room_id: string, newest: Newest): Promise<boolean>
  /** Drops what it holds of the messages after `after` up to `upto`, because their room was deleted. */
  forget?(call: Call, room_id: string, after: number, upto: number): Promise<void>
}

/** Events of one step: some ten milliseconds, so that a lease is renewed long before it ends. */
export const STEP_EVENTS = 200

interface Applied extends Pick<LogIndex, 'collections' | 'forget'> {
  /** Field of its position in the documents of `indexed`. A new one is missing, so the index starts with the first event. */
  position: string
  types: readonly EventType[]
  /** Reflects some events of these types, oldest first; perhaps some that were applied before. */
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

  return {
    collections,
    ...(forget && { forget }),

    isAt: async (call, room_id, head) => (await readPosition(call, room_id)) >= head,

    async step(call, room_id, { seq: head, type }) {
      const after = await readPosition(call, room_id)
      // Nothing is read of a deleted room, so nothing is kept of its events either.
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
