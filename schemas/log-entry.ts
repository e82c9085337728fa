import { type Static, Type } from '@sinclair/typebox'
import { moderationTypes, noteTypes } from './event-types.js'
import { Reason, Role, Until } from './moderation.js'
import { PageLimit } from './paging.js'
import { Time } from './user.js'

const Seq = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, examples: [42] })

/** What an event tells about a user or the room; which of the fields it has depends on its type. */
const shownFields = {
  seq: Seq,
  username: Type.String({ description: 'The user whose action it is', examples: ['minji'] }),
  created_at: Time,
  member: Type.Optional(Type.String({ description: 'The user whom it is about', examples: ['seojun'] })),
  role: Type.Optional(Role),
  until: Type.Optional(Until),
  owner: Type.Optional(Type.String({ description: 'The new owner', examples: ['seojun'] })),
  name: Type.Optional(Type.String({ examples: ['Lunch'] })),
  description: Type.Optional(Type.String({ examples: ['Where shall we eat?'] })),
  is_public: Type.Optional(Type.Boolean()),
  max_members: Type.Optional(Type.Integer({ examples: [0] })),
  has_password: Type.Optional(Type.Boolean({ description: 'Whether joining requires a password now' })),
  slow_mode_s: Type.Optional(Type.Integer({ examples: [30] })),
}

export const Note = Type.Object(
  { type: Type.String({ description: `One of ${noteTypes.join(', ')}`, examples: ['joined'] }), ...shownFields },
  { additionalProperties: false },
)
export type Note = Static<typeof Note>

export const LogEntry = Type.Object(
  {
    type: Type.String({ description: `One of ${moderationTypes.join(', ')}`, examples: ['banned'] }),
    ...shownFields,
    id: Type.Optional(
      Type.Integer({ ...Seq, description: 'The id of the message that was deleted; `member` is its author' }),
    ),
    reason: Type.Optional(Reason),
  },
  { additionalProperties: false },
)
export type LogEntry = Static<typeof LogEntry>

export const LogQuery = Type.Object(
  {
    limit: PageLimit,
    before: Type.Optional(
      Type.Integer({ ...Seq, description: 'Return entries before this `seq`: `next_before` of the previous page' }),
    ),
  },
  { additionalProperties: false },
)
export type LogQuery = Static<typeof LogQuery>

export const LogPage = Type.Object(
  {
    entries: Type.Array(LogEntry, { description: 'Newest first' }),
    next_before: Type.Optional(
      Type.Integer({ ...Seq, description: 'The `before` of the next page; absent on the last one' }),
    ),
  },
  { additionalProperties: false },
)
export type LogPage = Static<typeof LogPage>
