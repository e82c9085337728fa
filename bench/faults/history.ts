import type { StoredEvent } from '../../schemas/event.js'

/** Times are in ms, by the monotonic clock of the process that records. */

/** What an operation is about; which of the fields it has depends on the operation. */
export interface Args {
  room_id: string
  /** Identifies the event that it appends. */
  client_id?: string
  /** The message that it refers to. */
  id?: number
  text?: string
  /** Of an invitation, whose id is `id`. */
  code?: string
  /** Another user. */
  member?: string
  /** The guest who asks, if it is not the client's own user. */
  as?: string
  /** The session that it is asked with, if it is not the client's own. */
  session?: number
  seq?: number
}

/** A message as a page, a search or a client's model shows it. */
export interface Shown {
  id: number
  text: string
  /** As `described`; only of what a client shows after the run. */
  reactions?: string
}

/** What an operation was answered, if it succeeded. */
export interface Answer {
  /** The seq of its event, of a page or of a read mark. */
  seq?: number
  messages?: Shown[]
}

/** One request of a client, with its retries. */
export interface Done {
  /** Of the operation. */
  name: string
  username: string
  args: Args
  asked_at: number
  answered_at: number
  /** `unknown`: it may have been done, or may still be. */
  outcome: 'ok' | 'refused' | 'unknown'
  answer: Answer
  /** The error's code, if it was not done. */
  code?: string
}

/** What a subscription of a client gave to its listener. */
export interface Stream {
  username: string
  room_id: string
  /** The seq after which it resumed. */
  after?: number
  got: (
    | { start: number }
    | { after: number; seq: number }
    | { seq: number; type: string; client_id: string; text?: string }
  )[]
  /** Whether the server ended it. */
  ended: boolean
  /** The client's model of the room after the run. */
  shown: Shown[]
}

/** An event that arrived on a socket, whatever the client made of it. */
export interface Arrival {
  username: string
  session: number
  room_id: string
  seq: number
  at: number
}

/** What a user is told after the run. */
export interface Told {
  username: string
  room_id: string
  is_member: boolean
  seq: number
  last_read_seq: number
  unread: number
  unread_mentions: number
}

export interface History {
  done: Done[]
  streams: Stream[]
  arrivals: Arrival[]
  /** When each session's end was acknowledged. */
  ended: Map<number, number>
  told: Told[]
  /** Each room's members and owner after the run. */
  rooms: { room_id: string; owner: string; members: string[]; deleted: boolean }[]
  /** What administrators are told of the guests after the run. */
  accounts: { username: string; is_admin: boolean; blocked: boolean }[]
  /** Each room's log, and the audit log, as the store has it after the run. */
  logs: Map<string, StoredEvent[]>
  /** What the run itself found wrong. */
  complaints: string[]
}

export const emptyHistory = (): History => ({
  done: [],
  streams: [],
  arrivals: [],
  ended: new Map(),
  told: [],
  rooms: [],
  accounts: [],
  logs: new Map(),
  complaints: [],
})
