import type { EventType, StoredEvent } from '../../schemas/event.js'
import type { MemberRow, RoomRecord } from '../../schemas/room.js'
import type { InviteRow } from '../../schemas/stored-invite.js'
import type { AccountChange, ProfileChange, Session, StoredUser } from '../../schemas/user.js'
import type { DirectQuery, MentionPage, MentionQuery, RoomPage, RoomQuery, Standing, Target } from './lists.js'
import type { MessageReactions } from './reactions.js'

export type { DirectQuery, MentionPage, MentionQuery, RoomPage, RoomQuery, Standing, Target } from './lists.js'
export type { MessageReactions, ReactionRow } from './reactions.js'

/** What `append`, `createRoom` and `createUser` throw if a unique key is taken. */
export class Conflict extends Error {
  override name = 'Conflict'
}

/** What `append` throws if an event renames a room to a name that another room has. */
export class NameTaken extends Error {
  override name = 'NameTaken'
  /** @param seq of the event that renames; nothing was stored at it or after it */
  constructor(readonly seq: number) {
    super('The name is taken')
  }
}

/** Where a store logs failures; compatible with Fastify's logger. */
export interface Logger {
  error(details: object, message: string): void
}

/** Measures a store. Called often, so it must be quick and must not throw. */
export interface StoreObserver {
  /** @param operation `commit` of the embedded store, or the name of a MongoDB command */
  answered(operation: string, ms: number, succeeded: boolean): void
}

/** A pool of connections to a database. */
export interface StoreConnections {
  open: number
  in_use: number
  /** Callers that wait for a connection. */
  waiting: number
}

/** Maximum number of events per `append`. */
export const BATCH_MAX = 500

/** Number of newest events that `countUnread` looks at. */
export const UNREAD_SCAN_MAX = 10_000

export interface SearchResult {
  /** Messages that have all the terms, newest first. */
  seqs: number[]
  /** Where to continue if the limit or the bound of one search was reached; null if there are no more hits. */
  next_before: number | null
  /** How long the search occupied the event loop, ms; 0 if the work was done elsewhere. */
  worked_ms: number
}

/** How long a lease may go without being renewed, ms. */
export const LEASE_LOST_MS = 15_000

/** Number of events that one `findByAuthor` looks at. */
export const AUTHOR_SPAN = 500

export interface AuthorResult {
  seqs: number[]
  /** The `after` with which to continue; null at the end of the log. */
  next_after: number | null
  /** How long the look-up occupied the event loop, ms; 0 if the work was done elsewhere. */
  worked_ms: number
}

/** Maximum number of positions per `findAhead`. */
export const POSITIONS_MAX = 500

export type Span = { after?: number; before?: number; limit: number }
/** The last seq of a room's log that the caller knows. */
export interface Position {
  room_id: string
  seq: number
}

/** The state on which a writer decides: a room as of `head`. */
export interface RoomState {
  /** The room's record as of its `indexed_seq`; null if no room has this id. */
  room: RoomRecord | null
  /** The existing rows of the requested users, each as of its own `seq`. */
  members: MemberRow[]
  /** Events of `membershipTypes` after min(`since`, `indexed_seq`) and up to `head`, oldest first. */
  events: StoredEvent[]
  /** The log's last seq, 0 if it is empty. */
  head: number
  /** The time of the event `head`; empty if the log is. */
  head_at: string
}

/**
 * All persistent data. The log is the source of truth: room records, members and terms are indexes, which the store
 * itself derives (`fold.ts`, `terms.ts`) from the appended events.
 *
 * Every write is durable when its promise resolves, and every read sees it from then on. A call that could not reach
 * the store, or whose outcome is unknown, rejects with errors.StoreUnavailable (503): a write may then have happened.
 * Usernames are case-insensitive in every method and returned as registered.
 */
export interface Store {
  /** `embedded` or `mongodb` with its location; for logs. */
  readonly description: string
  /** Whether other processes may write to it at the same time. */
  readonly shared: boolean
  /** A random id created with the store and replaced by a restore from a backup. */
  readonly epoch: string
  /**
   * Reads the epoch again. If it differs from `epoch`, the store was restored and this object must not be used any
   * more.
   */
  readEpoch(): Promise<string>
  /** As of now; null for a store without connections. */
  readonly connections: Readonly<StoreConnections> | null
  /** Sets the observer. There is one; a second call replaces it. */
  observe(by: StoreObserver): void
  /** Resolves if the store answers. */
  ping(): Promise<void>
  close(): Promise<void>

  /**
   * Also puts the user's mark in the default room at its head.
   * @param first_is_admin whether the account becomes an administrator if it is the first one that this store ever had;
   *   of several that are created at once, on any number of servers, at most one does
   * @returns the account as stored @throws Conflict if the name is taken
   */
  createUser(user: StoredUser, first_is_admin?: boolean): Promise<StoredUser>
  readUser(username: string): Promise<StoredUser | null>
  /** The users that exist, in any order. @param usernames at most 200 */
  readUsers(usernames: string[]): Promise<StoredUser[]>
  /** @returns the user after the change, or null if the user does not exist */
  changeUser(username: string, change: ProfileChange): Promise<StoredUser | null>
  /**
   * Changes the given fields in one write.
   * @param generation the account must have it at that moment, and `is_admin` if that is given too; any by default
   * @returns whether the user exists and has that generation
   */
  changeAccount(username: string, change: AccountChange, generation?: number, is_admin?: boolean): Promise<boolean>
  /** By lower-case name, after `after` (a username). Without deleted accounts. */
  listUsers(query: { after?: string; limit: number }): Promise<StoredUser[]>
  /** Without deleted accounts; on a shared store up to some seconds old. */
  countUsers(): Promise<number>
  /** Whether an account was ever created, deleted or not. */
  hadUsers(): Promise<boolean>
  /** Accounts whose deletion is not done yet, in any order. */
  listDeletions(limit: number): Promise<StoredUser[]>

  createSession(session: Session): Promise<void>
  readSession(id: string): Promise<Session | null>
  /** Sessions of one user, by id, after `after` (an id). */
  listSessions(username: string, query: { after?: string; limit: number }): Promise<Session[]>
  /** Moves `expires_at` forward, never back. */
  extendSession(id: string, expires_at: string): Promise<void>
  /** Notes where and when the session was used last. */
  touchSession(id: string, seen: Pick<Session, 'last_seen_at' | 'address'>): Promise<void>
  deleteSession(id: string): Promise<void>
  /** Deletes sessions that expired before `now` (RFC 3339). */
  deleteExpiredSessions(now: string): Promise<void>

  /**
   * Lets one server at a time do some work. Takes the lease if nobody holds it, and renews it if `holder` does; a holder
   * that has not renewed it for LEASE_LOST_MS has lost it to the next caller that has waited for so long.
   * @param key of the work
   * @param holder a random id
   * @returns whether `holder` has the lease now
   */
  takeLease(key: string, holder: string): Promise<boolean>
  /** Gives the lease up, if `holder` has it. */
  releaseLease(key: string, holder: string): Promise<void>

  /**
   * Appends a log's first event (`created`, seq 1), and creates the room's record and the owner's member row.
   * @throws Conflict if the name is taken or the log already has events
   */
  createRoom(record: RoomRecord, created: StoredEvent): Promise<void>
  readRoom(id: string): Promise<RoomRecord | null>
  /**
   * Records of all rooms that exist, direct conversations too, by id after `after`, without invitations. On a shared store
   * they may lag.
   */
  listAllRooms(query: { after?: string; limit: number }): Promise<RoomRecord[]>
  /**
   * Rooms that are public or have `username` as a member, by name (`sortKey`). A room may have been deleted, or the
   * user removed from it, while it was being read: its standing then says so.
   */
  listRooms(username: string, query: RoomQuery): Promise<RoomPage>
  /**
   * What a list shows of each room that exists, including deleted ones, in any order. Each standing is consistent as of
   * a moment after the call, so a removed user sees nothing newer; standings of two rooms may be of different moments.
   * The number of commands does not depend on the number of rooms, nor the cost on the length of their logs.
   * @param room_ids at most 200
   */
  readStandings(username: string, room_ids: string[]): Promise<Standing[]>

  /**
   * Direct conversations of a user, latest message first, without those in which nothing was said, or nothing after the
   * user hid them by the mark `hiddenMark`. `listRooms` never returns any.
   * @returns also the number of the user's rooms, all of which were examined
   */
  listDirect(username: string, query: DirectQuery): Promise<RoomPage & { examined: number }>

  readMember(room_id: string, username: string): Promise<MemberRow | null>
  /** Rows with `is_member`, by lower-case username after `after`. Not for the default room. */
  listMembers(room_id: string, query: { after?: string; limit: number }): Promise<MemberRow[]>
  /** Rows of a user in all rooms, also after the end of a membership, by room id after `after`. */
  listMemberships(username: string, query: { after?: string; limit: number }): Promise<MemberRow[]>
  /** Rows with `banned`, whether or not the ban is over, by lower-case username after `after`. */
  listBanned(room_id: string, query: { after?: string; limit: number }): Promise<MemberRow[]>
  /** The user's rows with `blocks`, at most BLOCKS_MAX. */
  listBlocks(username: string): Promise<MemberRow[]>

  /** Invitations of the room, also those that have ended, newest first. @param before an invitation's id */
  listInvites(room_id: string, query: { before?: number; limit: number }): Promise<InviteRow[]>
  readInvite(room_id: string, id: number): Promise<InviteRow | null>

  /**
   * Messages that mention the user by name, or all members since the user is one, and still do, newest first: of all rooms
   * of which the user is a member. Without the user's own, and without erased messages. A mention that an edit took away
   * does not return.
   * @param query.before a place in the list: the `next` of the page before
   * @returns at most `limit` messages, perhaps fewer although more follow
   */
  listMentions(username: string, query: MentionQuery): Promise<MentionPage>

  /**
   * Reactions to those messages that ever had any, by id, as of every event appended before the call.
   * @param ids at most 1,000 @param usernames whose rows are returned, at most BATCH_MAX
   */
  readReactions(room_id: string, ids: number[], usernames: string[]): Promise<MessageReactions[]>
  /** The number of `reacted` events after a seq, at a cost that grows with it. */
  countReacted(room_id: string, after: number): Promise<number>

  /** 0 if the user has no mark in the room; of several users (at most 200) in the same order. */
  readMark(username: string, room_id: string): Promise<number>
  readMarks(room_id: string, usernames: string[]): Promise<number[]>
  /** Moves the mark forward to `seq`, never back. @returns the mark after the call */
  moveMark(username: string, room_id: string, seq: number): Promise<number>

  /**
   * Appends events to a room's log, all or a prefix of them, oldest first.
   *
   * Seqs have no gaps: inserting an event claims its seq, and if two writers race, the unique index (room_id, seq) lets
   * one of them win. (room_id, client_id, username) is unique too.
   *
   * @param after the last seq that the caller knows to exist, 0 for an empty log
   * @param events 1 to BATCH_MAX with seq after+1, after+2, …
   * @throws Conflict if a seq or a client_id is taken: a prefix may be stored, so look each event up by its client_id
   * @throws NameTaken if an event renames the room to a name that another room has, in whatever way it got it: names are
   *   unique through any race. A prefix before that event may be stored
   */
  append(room_id: string, after: number, events: StoredEvent[]): Promise<void>
  /**
   * Calls back when the next commit is about to begin: what is appended in that turn of the event loop shares it, and what
   * comes until then can be appended together. Only of stores to which waiting is worth its time.
   */
  gather?(append: () => void): void
  /** Removes events up to a seq, but not the newest one. Only for logs that are no rooms. */
  trimLog(room_id: string, upto: number): Promise<void>
  /** The last seq, 0 if the log is empty. */
  readHead(room_id: string): Promise<number>
  /** Ids of the rooms that have an event after the position. @param positions at most POSITIONS_MAX */
  findAhead(positions: Position[]): Promise<string[]>
  /**
   * Events after `after` up to `upto`, oldest first. Texts of deleted messages, and of edits of them, are empty. With
   * `texts: false` any text may be missing, which spares a shared store the look-up of deletions.
   */
  readEvents(
    room_id: string,
    query: { after: number; upto?: number; limit: number; texts?: false },
  ): Promise<StoredEvent[]>
  readByClientId(room_id: string, username: string, client_id: string): Promise<StoredEvent | null>
  readState(room_id: string, usernames: string[], since: number): Promise<RoomState>
  /** The messages among `seqs` (at most 1,000), ascending, each with its number of edits. */
  readTargets(room_id: string, seqs: number[]): Promise<(Target & { edits: number })[]>
  /** The edits of a message after `after`, oldest first. Their texts are empty once the message is deleted. */
  readEdits(room_id: string, id: number, query: { after: number; limit: number }): Promise<StoredEvent[]>
  /** Messages before `before` (the last of them) or after `after` (the first of them), at most `limit`, ascending. */
  readPage(room_id: string, query: { before?: number; after?: number; limit: number }): Promise<Target[]>
  /** Counts other users' undeleted messages after `after`, up to `max`, among the newest UNREAD_SCAN_MAX events. */
  countUnread(room_id: string, username: string, after: number, max: number): Promise<number>
  /** The newest events of some types between two seqs, both excluded, oldest first, without texts. */
  readNewest(room_id: string, types: readonly EventType[], query: Span): Promise<StoredEvent[]>
  /** The seq of the `n`-th newest message, deleted ones counted; 0 if there are fewer. @param n 1 to limits.RETENTION_COUNT_MAX */
  findNth(room_id: string, n: number): Promise<number>
  /** Events of a type with seq over `after`, oldest first. */
  readByType(room_id: string, type: EventType, query: { after: number; limit: number }): Promise<StoredEvent[]>
  /** Seqs of a user's messages after `after`, ascending, also of deleted ones. Looks at AUTHOR_SPAN events at most. */
  findByAuthor(room_id: string, username: string, query: { after: number; limit: number }): Promise<AuthorResult>
  /**
   * Messages below `before` that have all the terms (`terms.ts`), or may have had them before an edit, newest first.
   * Terms only narrow the search: the caller checks each message's current text. Sees every event appended before the
   * call. One call searches a bounded part of the log, then returns where to continue.
   * @param terms at least one
   */
  searchTerms(room_id: string, terms: string[], query: { before: number; limit: number }): Promise<SearchResult>
}
