import type { ServerFrames } from '../../../schemas/frame.js'
import type { Note } from '../../../schemas/log-entry.js'
import type { Message } from '../../../schemas/message.js'
import type { Room } from '../../../schemas/room.js'
import type { OwnUser, User } from '../../../schemas/user.js'
import type { ConnectionState } from '../../client/index.js'
import type { Language } from '../i18n/index.js'
import type { OutgoingMessage } from './outgoing-message.js'
import type { Route } from './route.js'

/** What the page shows of a user beside their messages. */
export type Person = Pick<User, 'username' | 'display_name' | 'avatar_color' | 'status' | 'is_deleted'>

/** How a membership ended while the room was known. */
export interface Ended {
  how: 'left' | 'removed' | 'banned' | 'deleted'
  /** The user who removed the member or deleted the room; empty if that is not known. */
  by: string
  /** The room's name: the room itself may be gone. */
  name: string
}

/** The open room as it is drawn. */
export interface ConversationView {
  room_id: string
  /** `not_found`: also for a private room; `left`: the membership ended while the room was open. */
  status: 'loading' | 'member' | 'not_member' | 'not_found' | 'left' | 'failed'
  /** Set if the status is `left`. */
  ended: Ended | null
  messages: readonly Message[]
  /** What happened to members and settings, in the order of the log; also outside of what the messages span. */
  notes: readonly Note[]
  /** The last event that was neither a message nor an edit, 0 for none yet. */
  changed_at: number
  /** The list reaches the room's newest message. */
  attached: boolean
  /** Messages that those above reply to and that are not among them, by id. */
  quotes: ReadonlyMap<number, Message>
  has_older: boolean
  outgoing: readonly OutgoingMessage[]
  online: ReadonlySet<string>
  online_count: number
  typing: readonly string[]
  /** The read mark when the room was opened, 0 for none: the line of new messages comes after it. */
  unread_after: number
  /** The message to scroll to, null for the end; `at` grows with each request. */
  target: { id: number | null; at: number } | null
  replying: number | null
  editing: number | null
}

/** `search_all`: in all rooms of the user; it stays open when another room opens. */
export type Panel = 'about' | 'members' | 'log' | 'invites' | 'search' | 'search_all' | null
export type OpenDialog =
  | { name: 'create_room' }
  | { name: 'room_settings'; room: Room }
  | { name: 'leave_room'; room: Room }
  | { name: 'restrict'; room: Room; username: string; how: 'ban' | 'mute' }
  | { name: 'versions'; message: Message }
  | { name: 'keyboard_shortcuts' }
  | { name: 'switcher' }
  | { name: 'mentions' }
  | { name: 'new_direct' }
  | { name: 'own_profile' }
  | { name: 'account' }
  | { name: 'profile'; username: string }
  /** Drawn by the screen of administrators. */
  | { name: 'user_sessions'; username: string }
  | { name: 'reset_link'; username: string; link: string }
  | { name: 'delete_user'; username: string; on_deleted: () => void }
  | { name: 'confirm'; question: string; action: string; run: () => Promise<unknown> }
  | null

/** What outlives a login. */
export interface AppState {
  stage: 'starting' | 'unreachable' | 'logged_out' | 'logged_in'
  /** The server was reached, but refused to continue the session: the error's code. */
  refused: 'ORIGIN_REFUSED' | 'HOST_REFUSED' | null
  /** The code of the link for a new password that the page was opened with; while it is set, nothing else is shown. */
  reset_code: string | null
  /** The code of the invitation that the page was opened with, until the user has joined or left it. */
  invite_code: string | null
  /** The last session was ended by the server, not by the user. */
  session_expired: boolean
  language: Language
  route: Route
  /** The local day, as `Date.toDateString` names it: it changes at midnight. */
  today: string
  /** The browser has not asked the user about notifications yet. */
  can_ask_notifications: boolean
}

/** What belongs to one login: the account makes it, and it is dropped with the account. */
export interface AccountState {
  me: OwnUser
  /** The account was created just now: the user gets a word of welcome. */
  is_new_user: boolean
  connection: ConnectionState | null
  rooms: ReadonlyMap<string, Room>
  /** Direct conversations in which another user is online. */
  online_direct: ReadonlySet<string>
  /** Users whom this one blocks. */
  blocked: ReadonlySet<string>
  rooms_status: 'loading' | 'loaded' | 'failed'
  /** There are more public rooms than `rooms` holds. */
  has_more_rooms: boolean
  /** Rooms without notifications and unread signs. */
  muted: ReadonlySet<string>
  favorites: ReadonlySet<string>
  /** The sections of the sidebar that show no rooms. */
  collapsed: ReadonlySet<string>
  people: ReadonlyMap<string, Person>
  conversation: ConversationView | null
  /** The last marks of other members that a frame told of. */
  seen: ServerFrames['seen'] | null
  /** How many members have not read a message of the open room; null if it does not show it. */
  unread_by: ((message: Message) => number) | null
  panel: Panel
  dialog: OpenDialog
  /** An error that belongs to no field, as the user reads it. */
  error: string | null
  /** A script could not be loaded: a new version of the page may have replaced it. */
  outdated: boolean
}
