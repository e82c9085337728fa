import { type Static, type TObject, type TProperties, type TSchema, Type } from '@sinclair/typebox'
import { type EventFields, eventFields } from './event.js'
import { type EventFacts, type EventType, eventTypes } from './event-types.js'
import { After, ClientId, Seq, Text } from './message.js'
import { AskedEmoji, MessageReactions, On } from './reaction.js'
import { ReadsOfMembers } from './read-counts.js'
import { RoomId } from './room.js'
import { Time, Token, User, Username } from './user.js'

const exact = { additionalProperties: false }
function frame<T extends string, P extends TProperties>(type: T, description: string, properties: P) {
  return Type.Object({ type: Type.Literal(type), ...properties }, { ...exact, title: type, description })
}
const OnlineCount = Type.Integer({ description: 'Users online in the room, each counted once', examples: [3] })
export const Epoch = Type.String({
  maxLength: 64,
  description: 'Identifies the store; when it changes, a client drops everything it holds',
  examples: ['k3J9x0QzT5aVb1Yw'],
})

export const MergeReactions = Type.Optional(
  Type.Boolean({
    description:
      'Resume with `reactions` frames instead of each `reacted` event, so that any number of reactions can be resumed',
    examples: [true],
  }),
)

/** Frames that a client sends. */
export const clientFrames = {
  send: frame('send', 'Send a message. Answered by `ack`; a retry with the same `client_id` gets the original `ack`', {
    room_id: RoomId,
    client_id: ClientId,
    text: Text,
    reply_to: Type.Optional(Seq),
  }),
  edit: frame('edit', 'Replace the text of your own message', {
    room_id: RoomId,
    client_id: ClientId,
    id: Seq,
    text: Text,
  }),
  delete: frame('delete', 'Delete your own message', { room_id: RoomId, client_id: ClientId, id: Seq }),
  react: frame('react', 'React to a message with an emoji, or take that back. Answered by `ack`, or by `unchanged`', {
    room_id: RoomId,
    client_id: ClientId,
    id: Seq,
    emoji: AskedEmoji,
    on: On,
  }),
  typing: frame('typing', 'The user started or stopped typing', { room_id: RoomId, on: Type.Boolean() }),
  read: frame('read', 'Move your read mark forward', { room_id: RoomId, seq: After }),
  subscribe: frame('subscribe', 'On `/ws` only: subscribe to a room; with `after`, resume from there', {
    room_id: RoomId,
    after: Type.Optional(After),
    epoch: Type.Optional(Epoch),
    merge_reactions: MergeReactions,
  }),
  unsubscribe: frame('unsubscribe', 'On `/ws` only: unsubscribe from a room', { room_id: RoomId }),
  auth: frame('auth', 'Renew the socket’s authentication with a new token of the same user', {
    token: Type.String({ ...Token, maxLength: 4096 }),
  }),
  ping: frame('ping', 'Check the connection; answered by `pong`. For browsers, which hide WebSocket pings', {}),
} as const
export type ClientFrames = { [K in keyof typeof clientFrames]: Static<(typeof clientFrames)[K]> }
export type ClientFrame = ClientFrames[keyof ClientFrames]

/** What the frame of every event holds. */
const common = {
  room_id: RoomId,
  seq: Seq,
  username: Type.String({ description: 'The user whose action it is', examples: ['minji'] }),
  created_at: Time,
  client_id: ClientId,
}

type Table = typeof eventTypes
/** The table again, such that one that names an unknown field does not compile. */
const table: Record<EventType, EventFacts<keyof Shown>> = eventTypes
/** The types of events that clients see. */
type FrameType = { [T in EventType]: Table[T]['frame'] extends null ? never : T }[EventType]
type Shown = EventFields & { seq: number }
type FieldOf<Name> = Name extends keyof Shown ? Shown[Name] : never
type Properties<Frame> = {
  -readonly [Name in keyof Frame as Name extends `${string}?` ? never : Name]: FieldOf<Frame[Name]>
} & {
  -readonly [Name in keyof Frame as Name extends `${infer Optional}?` ? Optional : never]?: FieldOf<Frame[Name]>
}
type Flat<T> = { [K in keyof T]: T[K] }
const commonObject = Type.Object(common)
export type EventFrames = {
  [T in FrameType]: Flat<{ type: T } & Static<typeof commonObject> & Properties<Table[T]['frame']>>
}
export type EventFrame = EventFrames[FrameType]

function eventFrame(type: string, { summary = '', frame: shown }: EventFacts<keyof Shown>) {
  const fields = { ...eventFields, seq: Seq }
  const properties = Object.entries(shown ?? {}).map(([name, field]) => {
    const schema: TSchema = fields[field]
    return name.endsWith('?') ? [name.slice(0, -1), Type.Optional(schema)] : [name, schema]
  })
  return frame(type, summary, { ...common, ...Object.fromEntries(properties) })
}

/** Frames that are events of the room's log. */
export const eventFrames = Object.fromEntries(
  Object.entries(table).flatMap(([type, facts]) => (facts.frame === null ? [] : [[type, eventFrame(type, facts)]])),
) as Record<FrameType, TObject>

/** Frames that the server sends besides events. They are not in the log. */
export const serverFrames = {
  welcome: frame('welcome', 'First frame of a room after connecting or subscribing, before its events', {
    room_id: RoomId,
    seq: After,
    epoch: Epoch,
    online: Type.Array(Username, { description: 'At most 100 names' }),
    online_count: OnlineCount,
    heartbeat_ms: Type.Integer({
      description: 'Interval of the server’s pings; treat a socket that is silent for longer as dead',
      examples: [30_000],
    }),
    resumed: Type.Boolean({ description: 'Whether every event after `after` follows' }),
  }),
  ack: frame('ack', 'A send, edit, delete or reaction was stored durably as `seq`; sent before the event itself', {
    client_id: ClientId,
    room_id: RoomId,
    seq: Seq,
    created_at: Time,
  }),
  unchanged: frame('unchanged', 'The answer to a `react` that changed nothing, because that was so already', {
    client_id: ClientId,
    room_id: RoomId,
  }),
  reactions: frame(
    'reactions',
    'While resuming with `merge_reactions`: stands for all events after `after` up to `seq`, which are reactions',
    {
      room_id: RoomId,
      after: After,
      seq: Seq,
      messages: Type.Array(MessageReactions, {
        description: 'The present reactions to some of their messages; the others follow in a later frame',
      }),
    },
  ),
  typing: frame('typing', 'A user started or stopped typing; expires automatically after 6 s', {
    room_id: RoomId,
    username: Username,
    on: Type.Boolean(),
  }),
  presence: frame('presence', 'A user came online or went offline; if more than 100 are online, only the count', {
    room_id: RoomId,
    username: Type.Optional(Username),
    online: Type.Optional(Type.Boolean()),
    online_count: OnlineCount,
  }),
  profile: frame('profile', 'A user in one of your rooms changed their profile', {
    ...Type.Pick(User, ['username', 'display_name', 'avatar_color', 'status', 'is_deleted']).properties,
  }),
  read: frame('read', 'Your read mark moved on another socket', { room_id: RoomId, seq: After }),
  seen: frame('seen', 'Read marks of members moved: at most once a second in each room that shows read counts', {
    room_id: RoomId,
    reads: ReadsOfMembers,
  }),
  admitted: frame('admitted', 'You became a member of this room: you created or joined it, or its owner added you', {
    room_id: RoomId,
  }),
  direct: frame('direct', 'In your list of direct conversations, this one came first, or left it if it is `hidden`', {
    room_id: RoomId,
    as_of: Type.Integer({
      description: 'The `seq` as of which this holds; a greater one supersedes it',
      examples: [42],
    }),
    hidden: Type.Boolean({ description: 'Whether you have left it, and nothing was said since' }),
  }),
  rights: frame('rights', 'You have become an administrator of the server, or are none any more', {
    is_admin: Type.Boolean(),
  }),
  block: frame('block', 'You blocked or unblocked a user', { username: Username, on: Type.Boolean() }),
  reset: frame(
    'reset',
    'Drop everything you hold of the room, then load its newest page, whose `seq` must be at least this',
    {
      room_id: RoomId,
      seq: After,
      epoch: Epoch,
    },
  ),
  unsubscribed: frame('unsubscribed', 'You are no longer subscribed to the room; the answer to `unsubscribe`', {
    room_id: RoomId,
  }),
  authenticated: frame('authenticated', 'The new token was accepted; the answer to `auth`', { expires_at: Time }),
  pong: frame('pong', 'The answer to `ping`', {}),
  error: frame('error', 'A request failed; the socket stays open unless a close code follows', {
    code: Type.String({ examples: ['NOT_MEMBER'] }),
    message: Type.String({ examples: ['You are not a member of room default'] }),
    room_id: Type.Optional(
      Type.String({ description: 'The `room_id` of the failed frame, if it had one', examples: ['default'] }),
    ),
    client_id: Type.Optional(
      Type.String({
        description: 'The `client_id` of the failed frame, if it had one',
        examples: ['0197a2c4-5d1e-7b3a-9c55-0f1d2e3a4b5c'],
      }),
    ),
    retry_after_ms: Type.Optional(
      Type.Integer({ description: 'After a rate limit: how long to wait before retrying', examples: [250] }),
    ),
    until: Type.Optional(
      Type.String({
        description: 'When a ban or a mute ends; absent if it does not',
        examples: ['2026-02-01T09:30:00.000Z'],
      }),
    ),
  }),
} as const
export type ServerFrames = { [K in keyof typeof serverFrames]: Static<(typeof serverFrames)[K]> }
export type ServerFrame = ServerFrames[keyof ServerFrames]
