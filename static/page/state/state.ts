import type { Message } from '../../../schemas/message.js'
import type { Room } from '../../../schemas/room.js'
import type { User } from '../../../schemas/user.js'
import type { LinkState } from '../../client/index.js'
import type { Place } from '../text/address.js'
import type { Language } from '../words/index.js'

/** What of a user is shown beside what they say. */
export type Person = Pick<User, 'username' | 'display_name' | 'avatar_color' | 'status'>

/** A message of one's own that is not in the log yet, as far as is known. */
export interface Outgoing {
  client_id: string
  text: string
  reply_to?: number
  created_at: string
  /** Set where it was refused: a code of the server's or the client's. */
  failed?: string
}

/** The room that is shown. */
export interface Talk {
  room_id: string
  /** `outside`: one may join; `missing`: no such room, or a private one; `left`: membership ended meanwhile. */
  standing: 'loading' | 'member' | 'outside' | 'missing' | 'left' | 'failed'
  messages: readonly Message[]
  /** The list reaches the room's newest message. */
  attached: boolean
  has_older: boolean
  outgoing: readonly Outgoing[]
  online: ReadonlySet<string>
  online_count: number
  typing: readonly string[]
  /** One's read mark when the room was opened: the line of new messages stands behind it, 0 for none. */
  unread_after: number
  /** The message that was asked for, null for the end; `at` grows with each asking. */
  target: { id: number | null; at: number } | null
  replying: number | null
  editing: number | null
}

export type Panel = 'members' | 'search' | null
export type Dialog =
  | { name: 'create_room' }
  | { name: 'keys' }
  | { name: 'own_profile' }
  | { name: 'profile'; username: string }
  | { name: 'sure'; question: string; yes: string; act: () => Promise<unknown> }
  | null

export interface State {
  stage: 'starting' | 'unreachable' | 'out' | 'in'
  /** The session ended by itself. */
  ended: boolean
  language: Language
  me: User | null
  link: LinkState | null
  place: Place
  rooms: ReadonlyMap<string, Room>
  rooms_list: 'loading' | 'loaded' | 'failed'
  /** Rooms that give no sign of what is unread. */
  muted: ReadonlySet<string>
  /** The user may still be asked whether notes are wanted. */
  can_ask_notes: boolean
  people: ReadonlyMap<string, Person>
  /** The account was made just now. */
  newcomer: boolean
  talk: Talk | null
  panel: Panel
  dialog: Dialog
  /** Something went wrong that belongs to no field. */
  trouble: string | null
}
