import { type Static, Type } from '@sinclair/typebox'
import { type EventType, eventTypes } from './event-types.js'
import { Announcement, ClientId, Mentions, MentionsAll, MentionsHere, Seq } from './message.js'
import { Reason, Role, Until } from './moderation.js'
import { Count, Emoji, On } from './reaction.js'
import { ReadCounts } from './read-counts.js'
import { Retention } from './retention.js'
import { Preview, RoomId, RoomSettings, SlowMode } from './room.js'
import { MaxUses } from './stored-invite.js'
import { Time, Username } from './user.js'

export { type EventType, membershipTypes } from './event-types.js'

/** Fields that stores keep beside each other in an event, since they look events up by them or change them. */
export const ownFields = {
  /** The message whose text the event changes. Other events about a message name it in a field in `data`. */
  target: Seq,
  /**
   * The user whose membership, role or rights change; `room_changed`: the new owner, if there is one;
   * `deleted`: the author, if a moderator deleted the message; `blocked` and `unblocked`: the other one.
   */
  member: Username,
  /** The whole text; empty once its message was deleted. */
  text: Type.String({ description: 'The whole text; empty if deleted', examples: ['안녕하세요, 여러분!'] }),
  reply_to: Seq,
} as const

/** All other fields that an event type names. Stores keep them in `data`, so a new one changes no table. */
export const dataFields = {
  ...RoomSettings.properties,
  slow_mode_s: SlowMode,
  preview: Preview,
  read_counts: ReadCounts,
  ...Retention,
  /** `emptied`: the last seq whose message is erased. */
  upto: Seq,
  password_hash: Type.Union([Type.String(), Type.Null()]),
  has_password: Type.Boolean({ description: 'Whether joining requires a password', examples: [true] }),
  role: Role,
  /** When a ban or a mute ends; absent if it does not. */
  until: Until,
  reason: Reason,
  /**
   * `banned`, `left`: whether it ended a membership that the room's record counts, which a fold over it cannot know. A
   * `left` without it did.
   */
  was_member: Type.Boolean(),
  /** `left`, `deleted`: a step of the deletion of the user's account. */
  account_deleted: Type.Boolean({ description: 'The member deleted their account', examples: [true] }),
  /** `created`: everybody in a direct conversation; absent for other rooms. */
  members: Type.Array(Username),
  /** The user acted as an administrator of the server, without a role in the room. */
  as_admin: Type.Boolean(),
  /** `left`: nobody can add the user again. */
  refuses_adding: Type.Boolean(),
  session_id: Type.String(),
  /** When an invitation or the claim of a use expires, or a session's last token. */
  expires_at: Time,
  max_uses: MaxUses,
  /** SHA-256 of the secret part of an invitation's code. */
  code_hash: Type.String(),
  /** The invitation that was used, claimed or revoked: the seq of its `invited` event. */
  invite: Type.Integer({ ...Seq, description: 'The id of the invitation' }),
  /** Names the user who is signing up without naming an account that may never exist. */
  claim: Type.String(),
  announcement: Announcement,
  mentions: Mentions,
  mentions_all: MentionsAll,
  mentions_here: MentionsHere,
  /** The message that the event is about, if it does not change its text. */
  message_id: Type.Integer({ ...Seq, description: 'The id of the message' }),
  emoji: Emoji,
  on: On,
  count: Count,
  /** `reacted`: how many changes the user has made to the reactions to the message, this one included. */
  changes: Type.Integer({ minimum: 1 }),
  /** What an administrator did, and from which address. */
  act: Type.String(),
  address: Type.String(),
  /** The room that it is about. */
  about_room: Type.String(),
} as const

export const eventFields = { ...ownFields, ...dataFields }
export type EventFields = { [Name in keyof typeof eventFields]: Static<(typeof eventFields)[Name]> }

/**
 * One entry of a room's log, as stores keep it. Events never change and are never removed; only the text of what was
 * deleted is emptied, after its `deleted` event.
 */
export const StoredEvent = Type.Object({
  room_id: RoomId,
  seq: Seq,
  type: Type.Union((Object.keys(eventTypes) as EventType[]).map(type => Type.Literal(type))),
  /** The user whose action it is. */
  username: Type.String(),
  client_id: ClientId,
  created_at: Time,
  ...Type.Partial(Type.Object(ownFields)).properties,
  data: Type.Optional(Type.Partial(Type.Object(dataFields))),
})
export type StoredEvent = Static<typeof StoredEvent>
