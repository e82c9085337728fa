import { type Static, Type } from '@sinclair/typebox'
import { Note } from './log-entry.js'
import { PageLimit } from './paging.js'
import { AskedEmoji, On, Reactions } from './reaction.js'
import { RoomId } from './room.js'
import { Time, Username } from './user.js'
import { CLIENT_ID_PATTERN, IDS_PATTERN, limits, TEXT_PATTERN } from './wire.js'

/** An event's number in its room: 1, 2, 3, … without gaps. */
export const Seq = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, examples: [42] })

/** The last seq that a client or user has, 0 for none. */
export const After = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, examples: [42] })

export const ClientId = Type.String({
  pattern: CLIENT_ID_PATTERN,
  description:
    'Idempotency key, chosen by the client, preferably a UUIDv7. Unique per room and user across sends, edits and deletions; a retry gets the result of the original request and never expires',
  examples: ['0197a2c4-5d1e-7b3a-9c55-0f1d2e3a4b5c'],
})

export const Text = Type.String({
  minLength: 1,
  maxLength: limits.TEXT_MAX,
  pattern: TEXT_PATTERN,
  description:
    '1 to 2,000 code points, at least one of which shows something; no U+0000, no lone surrogate. Stored exactly as sent',
  examples: ['안녕하세요!'],
})

export const Announcement = Type.Literal(true, {
  description: 'An administrator says it for the server, to everybody; absent for all other messages',
  examples: [true],
})

export const Mentions = Type.Array(Username, {
  maxItems: limits.MENTIONS_MAX,
  description: 'The members whom the text mentions, by `@username`; absent if it mentions none',
  examples: [['seojun']],
})
export const MentionsAll = Type.Literal(true, {
  description: 'The text mentions every member, by `@all`; otherwise absent',
  examples: [true],
})
export const MentionsHere = Type.Literal(true, {
  description: 'The text rings the members who are online at that moment, by `@here`; otherwise absent',
  examples: [true],
})
/** What a text mentions. */
export const mentionFields = {
  mentions: Type.Optional(Mentions),
  mentions_all: Type.Optional(MentionsAll),
  mentions_here: Type.Optional(MentionsHere),
} as const

export const Message = Type.Object(
  {
    id: Type.Integer({ ...Seq, description: 'The id of the message, which is its `seq` in the room' }),
    room_id: RoomId,
    username: Username,
    text: Type.String({ description: 'The current text; empty if the message was deleted', examples: ['안녕하세요!'] }),
    created_at: Time,
    client_id: ClientId,
    reply_to: Type.Optional(Type.Integer({ ...Seq, description: 'The id of the message that this one replies to' })),
    announcement: Type.Optional(Announcement),
    ...mentionFields,
    edited_at: Type.Optional(Time),
    deleted_at: Type.Optional(Time),
    deleted_by: Type.Optional(
      Type.String({ description: 'The moderator who deleted it; absent if the author did', examples: ['minji'] }),
    ),
    /** Absent if nobody ever reacted, in results of a search, and once it was deleted. */
    ...Type.Partial(Reactions).properties,
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

export const MessageParams = Type.Object({
  id: RoomId,
  msgId: Type.Integer({ ...Seq, description: 'The id of the message' }),
})

export const Sending = Type.Object(
  {
    client_id: Type.Optional(ClientId),
    text: Text,
    reply_to: Type.Optional(Type.Integer({ ...Seq, description: 'The id of the message that this one replies to' })),
  },
  { additionalProperties: false, examples: [{ text: '안녕하세요!' }] },
)
export const Replying = Type.Object(
  { client_id: Type.Optional(ClientId), text: Text },
  { additionalProperties: false, examples: [{ text: '안녕하세요!' }] },
)
export const Editing = Replying
export const Reacting = Type.Object(
  { client_id: Type.Optional(ClientId), emoji: AskedEmoji, on: On },
  { additionalProperties: false, examples: [{ emoji: '👍', on: true }] },
)
export const Deleting = Type.Object({ client_id: Type.Optional(ClientId) }, { additionalProperties: false })

export const PageQuery = Type.Object(
  {
    before: Type.Optional(Type.Integer({ ...Seq, description: 'Return the newest messages before this `seq`' })),
    after: Type.Optional(
      Type.Integer({
        ...After,
        description: 'Return the oldest messages after this `seq`; with `before`, only those between the two',
      }),
    ),
    ids: Type.Optional(
      Type.String({
        pattern: IDS_PATTERN,
        description:
          'Return the messages with these ids, at most 100, separated by commas, such as those that replies quote; unknown ids are skipped. `limit` does not apply',
        examples: ['3,17'],
      }),
    ),
    limit: PageLimit,
  },
  { additionalProperties: false },
)
export type PageQuery = Static<typeof PageQuery>

export const Page = Type.Object(
  {
    messages: Type.Array(Message, { description: 'In ascending order of `id`' }),
    notes: Type.Optional(
      Type.Array(Note, {
        description:
          'What happened to members and settings among these messages and up to the next page, in ascending order of `seq`: the newest 100. Absent if nothing did, and with `ids`',
      }),
    ),
    has_more: Type.Boolean({
      description:
        'Whether older messages exist; with `after`, newer ones. A page of at most 256 KiB may have fewer messages than `limit`',
    }),
    seq: Type.Integer({
      description: 'The `seq` of the newest event; the page reflects at least the events up to it',
      examples: [42],
    }),
    emptied_seq: Type.Optional(
      Type.Integer({
        description: 'Messages up to this `seq` were erased because of their age or number. Absent if none were',
        examples: [20],
      }),
    ),
  },
  { additionalProperties: false },
)
export type Page = Static<typeof Page>

export const VersionsQuery = Type.Object(
  {
    after: Type.Optional(Type.Integer({ ...After, description: 'Return the versions after this `seq`' })),
    limit: PageLimit,
  },
  { additionalProperties: false },
)
export type VersionsQuery = Static<typeof VersionsQuery>

export const VersionPage = Type.Object(
  {
    versions: Type.Array(
      Type.Object(
        {
          seq: Type.Integer({
            ...Seq,
            description: 'The event that the text came with: the message itself or an edit',
          }),
          text: Type.String({ description: 'The text from then on', examples: ['안녕하세요!'] }),
          created_at: Time,
        },
        { additionalProperties: false },
      ),
      { description: 'The original text and then each edit, in ascending order of `seq`' },
    ),
    has_more: Type.Boolean({ description: 'Whether later versions exist' }),
  },
  { additionalProperties: false },
)
export type VersionPage = Static<typeof VersionPage>

export const Preview = Type.Object(
  { messages: Type.Array(Message, { description: 'The newest 20, in ascending order of `id`' }) },
  { additionalProperties: false },
)
export type Preview = Static<typeof Preview>

export const MentionsQuery = Type.Object(
  {
    before: Type.Optional(
      Type.String({
        maxLength: 100,
        description: 'Return older mentions: `next_before` of the previous page',
        examples: ['2026-01-31T09:30:00.000Z default 0000000000000042'],
      }),
    ),
    limit: PageLimit,
  },
  { additionalProperties: false },
)
export type MentionsQuery = Static<typeof MentionsQuery>

export const MentionsPage = Type.Object(
  {
    messages: Type.Array(Message, { description: 'Newest first' }),
    has_more: Type.Boolean({ description: 'Whether older mentions may exist' }),
    next_before: Type.Optional(
      Type.String({
        description: 'The `before` of the next page; absent on the last one',
        examples: ['2026-01-31T09:30:00.000Z default 0000000000000042'],
      }),
    ),
  },
  { additionalProperties: false },
)
export type MentionsPage = Static<typeof MentionsPage>

export const SearchQuery = Type.Object(
  {
    q: Type.String({
      minLength: 1,
      maxLength: 200,
      description:
        'Words, parts of words in scripts without spaces, or emoji to search for; without any of them, nothing is found',
      examples: ['회의'],
    }),
    before: Type.Optional(
      Type.Integer({ ...Seq, description: 'Return matches before this `seq`: `next_before` of the previous page' }),
    ),
    limit: PageLimit,
  },
  { additionalProperties: false },
)
export type SearchQuery = Static<typeof SearchQuery>

/** A search over all rooms of a user. */
export const OwnSearchQuery = Type.Pick(SearchQuery, ['q', 'limit'], { additionalProperties: false })
export type OwnSearchQuery = Static<typeof OwnSearchQuery>

export const OwnSearchPage = Type.Object(
  {
    messages: Type.Array(Message, { description: 'The newest matches, in ascending order of `created_at`' }),
    has_more: Type.Boolean({ description: 'Whether there may be older matches: search in one room to find them' }),
  },
  { additionalProperties: false },
)
export type OwnSearchPage = Static<typeof OwnSearchPage>

export const SearchPage = Type.Object(
  {
    messages: Type.Array(Message, { description: 'In ascending order of `id`' }),
    has_more: Type.Boolean({ description: 'Whether there may be older matches' }),
    next_before: Type.Optional(
      Type.Integer({ description: 'To continue the search, set `before` to this value', examples: [42] }),
    ),
  },
  { additionalProperties: false },
)
export type SearchPage = Static<typeof SearchPage>
