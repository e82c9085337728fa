import { createHash } from 'node:crypto'
import type { StoredEvent } from '../../schemas/event.js'
import type { MemberRow, RoomRecord } from '../../schemas/room.js'
import type { Session, StoredUser } from '../../schemas/user.js'

/** Everything that a store keeps and does not derive, by kind. Search terms are derived anew. */
export interface Rows {
  users: StoredUser
  sessions: Session
  rooms: RoomRecord
  members: MemberRow
  /** Usernames in lower case. */
  marks: { username: string; room_id: string; seq: number }
  events: StoredEvent
}
export type Kind = keyof Rows

/** In the order in which they are written: what was derived last, so that whatever is there has its log. */
export const kinds: Kind[] = ['users', 'sessions', 'events', 'members', 'marks', 'rooms']

/** Rows that one batch holds at most. */
export const TRANSFER_BATCH = 500

/** A whole store, read past its interface. No server may run on it meanwhile. */
export interface Source {
  readonly epoch: string
  /** Every row once, by key, in batches. What is deleted reads empty. */
  dump<K extends Kind>(kind: K): AsyncIterable<Rows[K][]>
  close(): Promise<void>
}

/** A store in the making, which no server opens before it is finished. */
export interface Sink extends Source {
  /** Whether it was finished before: then nothing is written any more. */
  readonly isFinished: boolean
  /** Puts rows in, unless they are there already, so that a load that was cut off is done again. */
  load<K extends Kind>(kind: K, rows: Rows[K][]): Promise<void>
  /** Derives the rest and lets servers open it. */
  finish(): Promise<void>
}

/** What stands in the place of the schema version while a store is in the making: no server reads such a version. */
export const unfinished = (epoch: string) => `of an unfinished migration from ${epoch}`

interface Sum {
  count: number
  /** The same for the same rows in whatever order. */
  checksum: string
}

/** JSON with its properties in order, whatever order a store gives them back in. */
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
