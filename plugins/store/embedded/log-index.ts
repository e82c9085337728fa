import type { StoredEvent } from '../../../schemas/event.js'
import type { EventType } from '../../../schemas/event-types.js'
import type { Sqlite } from './sqlite.js'

/** Data derived from the log and kept in its own tables for fast reads. */
export interface LogIndex<Event = StoredEvent> {
  /** Its table. If an older server did not have it, it is built from the log when the store is opened. */
  readonly name: string
  /** Creates the table and its SQL indexes. */
  readonly tables: string
  /** Types of the events that it reflects. */
  readonly types: ReadonlySet<EventType>
  /**
   * Reflects events of one room, in the caller's transaction.
   * @param events of `types`, oldest first, newer than all applied before, unless a rebuild starts again from the first
   */
  apply(db: Sqlite, room_id: string, events: Event[]): void
  /** Drops the entries of messages after `after` up to `upto`, because their room was deleted. */
  forget?(db: Sqlite, room_id: string, after: number, upto: number): void
}

/** The columns that a deferred index gets: reading all of them would cost half as much as the indexing. */
export type TextEvent = Pick<StoredEvent, 'seq' | 'type' | 'target' | 'text'>

/** Applies events, oldest first, to each index that reflects their types. */
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
