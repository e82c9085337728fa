import { type Static, type TProperties, Type } from '@sinclair/typebox'
import { After, ClientId, Message, Seq, Text } from './message.js'
import { RoomId } from './room.js'
import { Time, Token, User, Username } from './user.js'

const exact = { additionalProperties: false }
function frame<T extends string, P extends TProperties>(type: T, description: string, properties: P) {
  return Type.Object({ type: Type.Literal(type), ...properties }, { ...exact, title: type, description })
}
const OnlineCount = Type.Integer({ description: 'Users online in the room, each once', examples: [3] })
export const Epoch = Type.String({
  maxLength: 64,
  description: 'Of the store; another one makes what a client holds void',
  examples: ['k3J9x0QzT5aVb1Yw'],
})

/** The frames that a client sends. */
export const clientFrames = {
  send: frame('send', 'Send a message; answered by `ack`, also when it is a repeat', {
    room_id: RoomId,
    client_id: ClientId,
    text: Text,
    reply_to: Type.Optional(Seq),
  }),
  edit: frame('edit', 'Give a message of one’s own a new text', {
    room_id: RoomId,
    client_id: ClientId,
    id: Seq,
    text: Text,
  }),
  delete: frame('delete', 'Delete a message of one’s own', { room_id: RoomId, client_id: ClientId, id: Seq }),
  typing: frame('typing', 'One writes, or stops writing', { room_id: RoomId, on: Type.Boolean() }),
  read: frame('read', 'Move one’s read mark forward', { room_id: RoomId, seq: After }),
  subscribe: frame('subscribe', 'On `/ws`: follow a room, from `after` on where given', {
    room_id: RoomId,
    after: Type.Optional(After),
    epoch: Type.Optional(Epoch),
  }),
  unsubscribe: frame('unsubscribe', 'On `/ws`: follow a room no longer', { room_id: RoomId }),
  auth: frame('auth', 'A fresh token of the same user, for a long-lived socket', {
    token: Type.String({ ...Token, maxLength: 4096 }),
  }),
  ping: frame('ping', 'Answered by `pong`, for browsers hide WebSocket pings', {}),
} as const
export type ClientFrames = { [K in keyof typeof clientFrames]: Static<(typeof clientFrames)[K]> }
export type ClientFrame = ClientFrames[keyof ClientFrames]

const event = {
  room_id: RoomId,
  seq: Type.Integer({ ...Seq, examples: [43] }),
  username: Type.String({ description: 'Who did it', examples: ['minji'] }),
  created_at: Time,
  client_id: ClientId,
}

/** The frames that are events of the room's log. */
export const eventFrames = {
  message: {
    ...frame('message', 'A message, as HTTP gives it, with its `seq` (= `id`)', { seq: Seq, ...Message.properties }),
    examples: Message.examples?.map((message: Message) => ({ type: 'message', seq: message.id, ...message })),
  },
  edited: frame('edited', 'The message `id` says `text` now', {
    ...event,
    id: Seq,
    text: Type.String({ examples: ['안녕하세요, 여러분!'] }),
  }),
  deleted: frame('deleted', 'The message `id` is deleted', { ...event, id: Seq }),
  joined: frame('joined', '`member` joined, or was added by `username`', { ...event, member: Username }),
  left: frame('left', '`member` left', { ...event, member: Username }),
  removed: frame('removed', '`member` was removed by `username`', { ...event, member: Username }),
  created: frame('created', 'The first event of every log', { ...event }),
  room_changed: frame('room_changed', 'The room has another owner', { ...event, owner: Username }),
  room_deleted: frame('room_deleted', 'The last event of a deleted room’s log', { ...event }),
} as const
export type EventFrames = { [K in keyof typeof eventFrames]: Static<(typeof eventFrames)[K]> }
export type EventFrame = EventFrames[keyof EventFrames]

/** The frames that a server sends besides events; they have no place in the log. */
export const serverFrames = {
  welcome: frame('welcome', 'The first frame of a room, before its events', {
    room_id: RoomId,
    seq: After,
    epoch: Epoch,
    online: Type.Array(Username, { description: 'At most 100 names' }),
    online_count: OnlineCount,
    heartbeat_ms: Type.Integer({
      description: 'How often the server pings; a socket silent for longer is dead',
      examples: [30_000],
    }),
    resumed: Type.Boolean({ description: 'Every event after `after` follows' }),
  }),
  ack: frame('ack', 'A send, edit or delete is durable at `seq`; comes before the event itself', {
    client_id: ClientId,
    room_id: RoomId,
    seq: Seq,
    created_at: Time,
  }),
  typing: frame('typing', 'Somebody writes; ends by itself after 6 s', {
    room_id: RoomId,
    username: Username,
    on: Type.Boolean(),
  }),
  presence: frame('presence', 'Who came or went; only the count where more than 100 are online', {
    room_id: RoomId,
    username: Type.Optional(Username),
    online: Type.Optional(Type.Boolean()),
    online_count: OnlineCount,
  }),
  profile: frame('profile', 'Somebody online in a room of yours changed the profile', {
    ...Type.Pick(User, ['username', 'display_name', 'avatar_color', 'status']).properties,
  }),
  read: frame('read', 'One’s own read mark moved on another socket', { room_id: RoomId, seq: After }),
  admitted: frame('admitted', 'One is a member of this room now: made, joined, or added by its owner', {
    room_id: RoomId,
  }),
  reset: frame('reset', 'Drop what you hold of the room, load the newest page whose `seq` is at least this', {
    room_id: RoomId,
    seq: After,
    epoch: Epoch,
  }),
  unsubscribed: frame('unsubscribed', 'The room is followed no longer; the answer to `unsubscribe`', {
    room_id: RoomId,
  }),
  authenticated: frame('authenticated', 'The answer to `auth`', { expires_at: Time }),
  pong: frame('pong', 'The answer to `ping`', {}),
  error: frame('error', 'What was refused and why; the socket stays open unless a close code follows', {
    code: Type.String({ examples: ['NOT_MEMBER'] }),
    message: Type.String({ examples: ['You are not a member of room default'] }),
    room_id: Type.Optional(
      Type.String({ description: 'Of the refused frame, where it had one', examples: ['default'] }),
    ),
    client_id: Type.Optional(
      Type.String({ description: 'Likewise', examples: ['0197a2c4-5d1e-7b3a-9c55-0f1d2e3a4b5c'] }),
    ),
    retry_after_ms: Type.Optional(
      Type.Integer({ description: 'When too much was sent: how long to wait', examples: [250] }),
    ),
  }),
} as const
export type ServerFrames = { [K in keyof typeof serverFrames]: Static<(typeof serverFrames)[K]> }
export type ServerFrame = ServerFrames[keyof ServerFrames]
