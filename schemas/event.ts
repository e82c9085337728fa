import { type Static, Type } from '@sinclair/typebox'
import { ClientId, Seq } from './message.js'
import { RoomId, RoomSettings } from './room.js'
import { Time, Username } from './user.js'

const eventTypes = [
  'message',
  'edited',
  'deleted',
  'created',
  'joined',
  'left',
  'removed',
  'room_changed',
  'room_deleted',
  /** Only in the `_system` log. */
  'session_ended',
] as const
export type EventType = (typeof eventTypes)[number]

/** Types that change who may do what: what a writer must know of the log behind the rows that it read. */
export const membershipTypes: ReadonlySet<EventType> = new Set([
  'created',
  'joined',
  'left',
  'removed',
  'room_changed',
  'room_deleted',
])

/**
 * One entry of a room's log, as stores keep it. Events never change and are never removed; only the text of what was
 * deleted is emptied, after its `deleted` event.
 */
export const StoredEvent = Type.Object({
  room_id: RoomId,
  seq: Seq,
  type: Type.Union(eventTypes.map(type => Type.Literal(type))),
  /** Who did it. */
  username: Type.String(),
  client_id: ClientId,
  created_at: Time,
  /** `edited`, `deleted`: the seq of the message meant. */
  target: Type.Optional(Seq),
  /** `joined`, `left`, `removed`: whose membership it is; `room_changed`: the new owner. */
  member: Type.Optional(Username),
  /** `message`, `edited`: the whole text; empty once scrubbed. */
  text: Type.Optional(Type.String()),
  /** `message` */
  reply_to: Type.Optional(Seq),
  /** `created`: settings and password hash; `session_ended`: the session's id and the time its last token expires. */
  data: Type.Optional(
    Type.Partial(
      Type.Composite([
        RoomSettings,
        Type.Object({
          password_hash: Type.Union([Type.String(), Type.Null()]),
          session_id: Type.String(),
          expires_at: Time,
        }),
      ]),
    ),
  ),
})
export type StoredEvent = Static<typeof StoredEvent>
