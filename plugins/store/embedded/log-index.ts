import type { StoredEvent } from '../../../schemas/event.js'
import type { EventType } from '../../../schemas/event-types.js'
import type { Sqlite } from './sqlite.js'

/** Something that is derived from the log and kept in tables of its own, so that reading it is quick. */
export interface LogIndex<Event = StoredEvent> {
  /** Its table. If an older server did not keep it, it is made from the log when the store is opened. */
  readonly name: string
  /** Creates the table and its SQL indexes. */
  readonly tables: string
  /** Types of the events that it reflects. */
  readonly types: ReadonlySet<EventType>
  /**
   * Reflects events of one room, in the caller's transaction.
   * @param events of `types`, oldest first, after all that were applied before; perhaps again from the first one on
   */
  apply(db: Sqlite, room_id: string, events: Event[]): void
  /** Drops what it holds of the messages after `after` up to `upto`, because their room was deleted. */
  forget?(db: Sqlite, room_id: string, after: number, upto: number): void
}

/** What a deferred index gets of an event: reading all columns would cost as much as half of its work. */
export type TextEvent = Pick<StoredEvent, 'seq' | 'type' | 'target' | 'text'>

/** Reflects events, oldest first, in each index that is about their types. */
export function applyTo<Event extends Pick<StoredEvent, 'type'>>(
  indexes: readonly LogIndex<Event>[],
  db: Sqlite,
  room_id: string,
  events: Event[],
) {
  for (const index of indexes) {
    if (!events.some(({ type }) => index.types.has(type))) continue
    index.apply(
      db,
      room_id,
      events.filter(({ type }) => index.types.has(type)),
    )
  }
}
