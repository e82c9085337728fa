import type { StoredEvent } from '../../schemas/event.js'
import type { Restriction } from '../../schemas/moderation.js'
import type { MemberRow, RoomRecord } from '../../schemas/room.js'
import { DEFAULT_ROOM_ID } from '../../schemas/wire.js'
import type { RoomState } from '../store/index.js'
import { foldMember, foldRoom, membersOf } from '../store/index.js'

/** Member rows that a view holds; beyond, it drops all of them, and they are read again. */
const ROWS_MAX = 10_000

/**
 * The state of a room after event `seq`: its record and the member rows of requested users, never the whole list.
 */
export class RoomView {
  seq = 0
  room: RoomRecord | null = null
  /** The time of event `seq`. */
  #at = ''
  readonly #rows = new Map<string, MemberRow | null>()

  knows(username: string) {
    return this.#rows.has(username)
  }

  /** Call it only for users that the view knows. */
  isMember(username: string) {
    const row = this.#rows.get(username)
    return row ? row.is_member : this.room?.id === DEFAULT_ROOM_ID
  }

  /** What the user is in the room. Call it only for users that the view knows. */
  rowOf(username: string): MemberRow | null {
    return this.#rows.get(username) ?? null
  }

  /**
   * The time that counts for what ends by time, ms: the later one of this server's clock and the newest event's, so that
   * nothing holds longer on a server whose clock is behind.
   */
  get now(): number {
    return Math.max(Date.now(), Date.parse(this.#at) || 0)
  }

  /** Whether a ban or a mute holds. */
  holds(restriction: Restriction | undefined): restriction is Restriction {
    if (restriction === undefined) return false
    const { until } = restriction
    return until === undefined || Date.parse(until) > this.now
  }

  /** Applies a store's answer for `usernames`; it must have been requested with this view's `seq` as `since`. */
  read(state: RoomState, usernames: string[]) {
    if (this.#rows.size + usernames.length > ROWS_MAX) this.#rows.clear()
    for (const username of usernames) if (!this.#rows.has(username)) this.#rows.set(username, null)
    for (const row of state.members) this.#replace(row)
    this.room = state.room
    for (const event of state.events) this.#fold(event)
    this.seq = state.head
    this.#at = state.head_at
  }

  /** Applies the events that follow `seq`, without a hole. */
  append(events: StoredEvent[]) {
    for (const event of events) {
      this.#fold(event)
      this.seq = event.seq
      this.#at = event.created_at
    }
  }

  /** A copy for tentative changes. */
  clone() {
    const copy = new RoomView()
    copy.seq = this.seq
    copy.room = this.room
    copy.#at = this.#at
    for (const [username, row] of this.#rows) copy.#rows.set(username, row)
    return copy
  }

  #fold(event: StoredEvent) {
    if (this.room) this.room = foldRoom(this.room, event)
    for (const username of membersOf(event)) {
      if (!this.#rows.has(username)) continue
      const row = foldMember(event, username, this.#rows.get(username))
      if (row) this.#rows.set(username, row)
    }
  }

  #replace(row: MemberRow) {
    const known = this.#rows.get(row.username)
    if (!known || known.seq < row.seq) this.#rows.set(row.username, row)
  }
}
