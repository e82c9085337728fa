import type { StoredEvent } from '../../schemas/event.js'
import type { LastMessage, MemberRow, RoomRecord } from '../../schemas/room.js'

/** A message's event, and the event that determines its current text. */
export interface Target {
  message: StoredEvent
  /** The newest `edited` or `deleted` event that targets it. */
  newest: StoredEvent | null
}

/** A room from one user's point of view, as of `seq`. */
export interface Standing {
  /** Without invitations. */
  room: RoomRecord
  is_member: boolean
  /** Whether the user is the owner or a moderator. */
  is_moderator: boolean
  muted?: MemberRow['muted']
  /** The log's last seq. */
  seq: number
  /** The user's read mark. Like the two fields after it, 0 or null unless the user is a member. */
  last_read_seq: number
  /** As `countUnread` counts from the mark, up to limits.UNREAD_MAX. */
  unread: number
  /**
   * Messages after the mark that mention the user, as `listMentions` returns them, up to limits.UNREAD_MAX; without those of
   * users whom the user blocks.
   */
  unread_mentions: number
  last_message: LastMessage | null
}

/** Which rooms `listRooms` returns. */
export interface RoomQuery {
  limit: number
  /** Rooms whose name comes after this one. */
  after?: string
  /** Part of the name, case-insensitive. */
  q?: string
  /** True for the user's rooms only, false for public rooms that the user is not a member of. */
  mine?: boolean
}

/** Which direct conversations `listDirect` returns. */
export interface DirectQuery {
  limit: number
  /** Those after this place (`placeOf`), which is the `next` of the page before. */
  before?: string
}

export interface RoomPage {
  standings: Standing[]
  /** The `after` of the next page; null on the last one. */
  next: string | null
}

/** Which mentions `listMentions` returns. */
export interface MentionQuery {
  limit: number
  /** Those after this place (`placeOfMention`) in the list. */
  before?: string
}

export interface MentionPage {
  targets: Target[]
  /** The `before` of the next page; null on the last one. */
  next: string | null
  /** The number of the user's rooms, all of which were examined. */
  examined: number
}
