import { type Static, Type } from '@sinclair/typebox'
import { Time, Username } from './user.js'
import { limits, NAME_PATTERN } from './wire.js'

export const RoomId = Type.String({ pattern: '^[A-Za-z0-9_-]{1,32}$', examples: ['default'] })
export const RoomParams = Type.Object({ id: RoomId })
export const MemberParams = Type.Object({ id: RoomId, username: Username })

const Name = Type.String({
  minLength: 1,
  maxLength: limits.ROOM_NAME_MAX,
  pattern: NAME_PATTERN,
  description: 'No control or invisible characters, no white space at either end; unique',
  examples: ['Lunch'],
})
const Description = Type.String({
  maxLength: limits.ROOM_DESCRIPTION_MAX,
  pattern: '^[^\\u0000\\ud800-\\udfff]*$',
  examples: ['Where shall we eat?'],
})

/** What an owner decides; carried whole by the room's `created` event. */
export const RoomSettings = Type.Object({
  name: Name,
  description: Description,
  is_public: Type.Boolean(),
  max_members: Type.Integer({
    minimum: 0,
    maximum: limits.ROOM_MEMBERS_MAX,
    description: '0 for no limit',
    examples: [0],
  }),
})
export type RoomSettings = Static<typeof RoomSettings>

/** A room as the store keeps it: an index of its log. */
export const RoomRecord = Type.Composite([
  Type.Object({
    id: RoomId,
    /** The log is indexed up to here: members and this record reflect every event up to it. */
    indexed_seq: Type.Integer(),
    owner: Type.String({ description: 'Empty for the default room' }),
    member_count: Type.Integer({ description: 'Not kept for the default room, where it is the number of users' }),
    password_hash: Type.Union([Type.String(), Type.Null()]),
    created_at: Time,
    deleted: Type.Boolean(),
  }),
  RoomSettings,
])
export type RoomRecord = Static<typeof RoomRecord>

/** What was said last in a room, to be shown in a list of rooms. */
export const LastMessage = Type.Object(
  {
    id: Type.Integer({ examples: [42] }),
    username: Username,
    text: Type.String({
      description: 'The first 200 code points of what it says now; empty where deleted',
      examples: ['안녕하세요!'],
    }),
    deleted_at: Type.Optional(Time),
  },
  {
    additionalProperties: false,
    description: 'Left out from outside, and where nothing was said yet',
    examples: [{ id: 42, username: 'minji', text: '안녕하세요!' }],
  },
)
export type LastMessage = Static<typeof LastMessage>

export const Room = Type.Object(
  {
    id: RoomId,
    name: Name,
    description: Description,
    is_public: Type.Boolean(),
    has_password: Type.Boolean(),
    is_default: Type.Boolean(),
    max_members: Type.Integer({ description: '0 for no limit', examples: [0] }),
    owner: Type.String({ description: 'Empty for the default room', examples: ['minji'] }),
    member_count: Type.Integer({ examples: [3] }),
    created_at: Time,
    is_member: Type.Boolean(),
    unread: Type.Integer({
      description: `Others' messages after one's mark that are not deleted, up to 1,000`,
      examples: [2],
    }),
    last_read_seq: Type.Integer({ examples: [40] }),
    last_seq: Type.Integer({ description: `The log's head`, examples: [42] }),
    last_message: Type.Optional(LastMessage),
  },
  { additionalProperties: false },
)
export type Room = Static<typeof Room>

export const RoomCreation = Type.Object(
  {
    name: Name,
    description: Type.Optional(Description),
    is_public: Type.Optional(Type.Boolean({ default: true })),
    password: Type.Optional(Type.String({ minLength: 1, maxLength: 72, examples: ['open sesame'] })),
    max_members: Type.Optional(Type.Integer({ minimum: 0, maximum: limits.ROOM_MEMBERS_MAX, examples: [0] })),
  },
  { additionalProperties: false },
)
export type RoomCreation = Static<typeof RoomCreation>

/** How many a page holds, of whatever it is a page. */
export const PageLimit = Type.Optional(
  Type.Integer({ minimum: 1, maximum: limits.PAGE_MAX, default: limits.PAGE_DEFAULT }),
)

export const RoomList = Type.Object(
  {
    limit: PageLimit,
    after: Type.Optional(
      Type.String({
        maxLength: limits.ROOM_NAME_MAX,
        description: 'The last name of the page before',
        examples: ['Lunch'],
      }),
    ),
    q: Type.Optional(
      Type.String({ maxLength: limits.ROOM_NAME_MAX, description: 'A part of the name', examples: ['lun'] }),
    ),
  },
  { additionalProperties: false },
)
export type RoomList = Static<typeof RoomList>

export const JoinBody = Type.Object(
  { password: Type.Optional(Type.String({ maxLength: 72, examples: ['open sesame'] })) },
  { additionalProperties: false },
)

export const OwnerBody = Type.Object({ username: Username }, { additionalProperties: false })

/**
 * One user's standing in one room. A row reflects the log up to `seq`; only a greater one replaces it, and none is
 * deleted. In the default room a missing row means member, elsewhere outsider.
 */
export const MemberRow = Type.Object({
  room_id: RoomId,
  username: Username,
  seq: Type.Integer(),
  is_member: Type.Boolean(),
})
export type MemberRow = Static<typeof MemberRow>

export const Member = Type.Object(
  {
    username: Username,
    display_name: Type.String({ examples: ['민지'] }),
    avatar_color: Type.String({ examples: ['#3366cc'] }),
    role: Type.Union([Type.Literal('owner'), Type.Literal('member')], { examples: ['member'] }),
    online: Type.Boolean(),
  },
  { additionalProperties: false },
)
export type Member = Static<typeof Member>

export const MemberList = Type.Object(
  {
    limit: PageLimit,
    after: Type.Optional(
      Type.String({ maxLength: 30, description: 'The last username of the page before', examples: ['minji'] }),
    ),
  },
  { additionalProperties: false },
)
export type MemberList = Static<typeof MemberList>

export const MemberPage = Type.Object(
  { members: Type.Array(Member), has_more: Type.Boolean() },
  { additionalProperties: false },
)
export type MemberPage = Static<typeof MemberPage>

export const ReadMark = Type.Object(
  { room_id: RoomId, seq: Type.Integer({ examples: [42] }) },
  { additionalProperties: false },
)
export type ReadMark = Static<typeof ReadMark>
export const ReadBody = Type.Object(
  { seq: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, examples: [42] }) },
  { additionalProperties: false },
)
