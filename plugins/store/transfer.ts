import { createHash } from 'node:crypto'
import type { StoredEvent } from '../../schemas/event.js'
import type { MemberRow, RoomRecord } from '../../schemas/room.js'
import type { InviteRow } from '../../schemas/stored-invite.js'
import type { Session, StoredUser } from '../../schemas/user.js'

/** The rows that are copied between stores, by kind. Search terms are derived again instead. */
export interface Rows {
  users: StoredUser
  sessions: Session
  rooms: RoomRecord
  members: MemberRow
  invites: InviteRow
  /** Usernames in lower case. */
  marks: { username: string; room_id: string; seq: number }
  events: StoredEvent
}
export type Kind = keyof Rows

/** In write order: derived rows come last, so that none exists without its log. */
export const kinds: Kind[] = ['users', 'sessions', 'events', 'members', 'invites', 'marks', 'rooms']

/** Maximum number of rows per batch. */
export const TRANSFER_BATCH = 500

/** Reads a whole store, bypassing `Store`. */
export interface Source {
  readonly epoch: string
  /** Every row once, in key order, in batches. Deleted texts are empty. */
  dump<K extends Kind>(kind: K): AsyncIterable<Rows[K][]>
  close(): Promise<void>
}

/** A source that no server uses once it is sealed. */
export interface SealedSource extends Source {
  /** Marks the store, so that no server starts on it and running ones stop, and resolves when they write no more. */
  seal(print: (line: string) => void): Promise<void>
}

/** A store that is being loaded; servers refuse to open it until it is finished. */
export interface Sink extends Source {
  /** Whether an earlier load was finished; then nothing is written. */
  readonly isFinished: boolean
  /** Inserts rows that are missing, so that an interrupted load can be repeated. */
  load<K extends Kind>(kind: K, rows: Rows[K][]): Promise<void>
  /** Derives the rest and allows servers to open the store. */
  finish(): Promise<void>
}

/** Stored instead of the schema version while a store is being loaded, so that no server opens it. */
export const unfinished = (epoch: string) => `of an unfinished migration from ${epoch}`
export const isUnfinished = (version: string | undefined) => version?.startsWith('of an unfinished migration') === true
/** What to do then. */
export const CONTINUE = 'run the same talkie migrate command again and it continues, or delete what is there'

/** Stands in the place of the schema version of a store that is, or was, the source of a migration. */
export const leaving = (since: string) => `migrated to another place since ${since}`
export const leftSince = (version: string | undefined) =>
  /^migrated to another place since (\S+)$/.exec(version ?? '')?.[1]

interface Sum {
  count: number
  /** Independent of the order of the rows. */
  checksum: string
}

/** JSON with sorted properties, because stores may return them in different orders. */
function canonical(value: unknown): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`
  const parts = Object.entries(value)
    .filter(([, part]) => part !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, part]) => `${JSON.stringify(name)}:${canonical(part)}`)
  return `{${parts.join()}}`
}

/** Counts the rows of a kind and adds up their hashes. */
export async function sumOf(source: Source, kind: Kind): Promise<Sum> {
  let count = 0
  let sum = 0n
  for await (const rows of source.dump(kind)) {
    count += rows.length
    for (const row of rows) {
      const hash = createHash('sha256').update(canonical(row)).digest('hex')
      sum = BigInt.asUintN(256, sum + BigInt(`0x${hash}`))
    }
  }
  return { count, checksum: sum.toString(16).padStart(64, '0') }
}
