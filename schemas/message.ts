import { type Static, Type } from '@sinclair/typebox'
import { PageLimit, RoomId } from './room.js'
import { Time, Username } from './user.js'
import { CLIENT_ID_PATTERN, limits, TEXT_PATTERN } from './wire.js'

/** An event's number in its room: 1, 2, 3, … without holes. */
export const Seq = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, examples: [42] })

/** The last seq that somebody has, 0 for none. */
export const After = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, examples: [42] })

export const ClientId = Type.String({
  pattern: CLIENT_ID_PATTERN,
  description: `The client's own id of a request. A repeat gets the first one's answer, for ever. One scope per room and user for sends, edits and deletions; best a UUIDv7`,
  examples: ['0197a2c4-5d1e-7b3a-9c55-0f1d2e3a4b5c'],
})

/** Kept exactly as it was sent. */
export const Text = Type.String({
  minLength: 1,
  maxLength: limits.TEXT_MAX,
  pattern: TEXT_PATTERN,
  description: '1 to 2,000 code points, not white space alone, no U+0000, no lone surrogate; kept as sent',
  examples: ['안녕하세요!'],
})

export const Message = Type.Object(
  {
    id: Seq,
    room_id: RoomId,
    username: Username,
    text: Type.String({ description: 'What it says now; empty where deleted', examples: ['안녕하세요!'] }),
    created_at: Time,
    client_id: ClientId,
    reply_to: Type.Optional(Seq),
    edited_at: Type.Optional(Time),
    deleted_at: Type.Optional(Time),
  },
  {
    additionalProperties: false,
    examples: [
      {
        id: 42,
        room_id: 'default',
        username: 'minji',
        text: '안녕하세요!',
        created_at: '2026-01-31T09:30:00.000Z',
        client_id: '0197a2c4-5d1e-7b3a-9c55-0f1d2e3a4b5c',
        reply_to: 41,
      },
    ],
  },
)
export type Message = Static<typeof Message>

export const MessageParams = Type.Object({ id: RoomId, msgId: Seq })

export const Sending = Type.Object(
  { client_id: Type.Optional(ClientId), text: Text, reply_to: Type.Optional(Seq) },
  { additionalProperties: false },
)
export const Replying = Type.Object({ client_id: Type.Optional(ClientId), text: Text }, { additionalProperties: false })
export const Editing = Replying
export const Deleting = Type.Object({ client_id: Type.Optional(ClientId) }, { additionalProperties: false })

export const PageQuery = Type.Object(
  {
    before: Type.Optional(Seq),
    after: Type.Optional(After),
    limit: PageLimit,
  },
  { additionalProperties: false },
)
export type PageQuery = Static<typeof PageQuery>

export const Page = Type.Object(
  {
    messages: Type.Array(Message, { description: 'Ascending' }),
    has_more: Type.Boolean({ description: 'Older ones exist; with `after`, newer ones' }),
    seq: Type.Integer({ description: `The log's head, read before the page`, examples: [42] }),
  },
  { additionalProperties: false },
)
export type Page = Static<typeof Page>

export const SearchQuery = Type.Object(
  {
    q: Type.String({ minLength: 1, maxLength: 200, examples: ['회의'] }),
    before: Type.Optional(Seq),
    limit: PageLimit,
  },
  { additionalProperties: false },
)
export type SearchQuery = Static<typeof SearchQuery>

export const SearchPage = Type.Object(
  {
    messages: Type.Array(Message, { description: 'Ascending' }),
    has_more: Type.Boolean(),
    next_before: Type.Optional(Type.Integer({ description: 'Search on with `before` set to this', examples: [42] })),
  },
  { additionalProperties: false },
)
export type SearchPage = Static<typeof SearchPage>
