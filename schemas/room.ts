import { type Static, Type } from '@sinclair/typebox'
import { Blocking, DirectRecord, directFields, ShownName } from './direct.js'
import { Restriction } from './moderation.js'
import { PageLimit } from './paging.js'
import { ReadCounts } from './read-counts.js'
import { EmptiedSeq, Retention } from './retention.js'
import { StoredInvite } from './stored-invite.js'
import { Time, Username } from './user.js'
import { KEEPS_ALL, limits, NAME_PATTERN } from './wire.js'

export const RoomId = Type.String({
  pattern: '^[A-Za-z0-9_-]{1,32}$',
  description: 'The id of the room',
  examples: ['default'],
})
export const RoomParams = Type.Object({ id: RoomId })
export const MemberParams = Type.Object({ id: RoomId, username: Username })

const Name = Type.String({
  minLength: 1,
  maxLength: limits.ROOM_NAME_MAX,
  pattern: NAME_PATTERN,
  description:
    'Unique regardless of case, composition and width (NFKC); no control or invisible characters except within emoji and Persian or Indic words, no leading or trailing white space',
  examples: ['Lunch'],
})
const Description = Type.String({
  maxLength: limits.ROOM_DESCRIPTION_MAX,
  pattern: '^[^\\u0000\\ud800-\\udfff]*$',
  description: 'What the room is about',
  examples: ['Where shall we eat?'],
})

/** The settings that a room is created with; stored in its `created` event. */
export const RoomSettings = Type.Object({
  name: Name,
  description: Description,
  is_public: Type.Boolean({ examples: [true] }),
  max_members: Type.Integer({
    minimum: 0,
    maximum: limits.ROOM_MEMBERS_MAX,
    description: 'Maximum number of members; 0 means unlimited',
    examples: [0],
  }),
})
export type RoomSettings = Static<typeof RoomSettings>

export const SlowMode = Type.Integer({
  minimum: 0,
  maximum: limits.SLOW_MODE_MAX_S,
  description: 'Seconds that a member must wait between two messages or edits; 0 means no wait. Moderators are exempt',
  examples: [30],
})
export const Preview = Type.Boolean({
  description: 'Whether users can read the newest messages of a public room before they join',
  examples: [true],
})
/** A room as stored: an index of its log. */
export const RoomRecord = Type.Composite([
  Type.Object({
    id: RoomId,
    /** Members and this record reflect every event of the log up to this seq. */
    indexed_seq: Type.Integer(),
    owner: Type.String({ description: 'Empty for the default room and for direct conversations' }),
    member_count: Type.Integer({ description: 'Not maintained for the default room, whose members are all users' }),
    password_hash: Type.Union([Type.String(), Type.Null()]),
    slow_mode_s: Type.Integer(),
    /** Whether users may read the newest messages before joining a public room; absent while they may. */
    preview: Type.Optional(Type.Literal(false)),
    read_counts: Type.Optional(Type.Literal(false)),
    ...Retention,
    emptied_seq: EmptiedSeq,
    created_at: Time,
    deleted: Type.Boolean(),
    /** Those that may be used or expired, oldest first; absent if there are none. */
    invites: Type.Optional(Type.Array(StoredInvite)),
    direct: Type.Optional(DirectRecord),
  }),
  RoomSettings,
])
export type RoomRecord = Static<typeof RoomRecord>

/** The newest message of a room, for a list of rooms. */
export const LastMessage = Type.Object(
  {
    id: Type.Integer({ examples: [42] }),
    username: Username,
    text: Type.String({
      description: 'The first 200 code points of the current text; empty if the message was deleted',
      examples: ['안녕하세요!'],
    }),
    created_at: Time,
    deleted_at: Type.Optional(Time),
  },
  {
    additionalProperties: false,
    description: 'The newest message. Absent if the room has none, or if you are not a member',
    examples: [{ id: 42, username: 'minji', text: '안녕하세요!', created_at: '2026-01-31T09:30:00.000Z' }],
  },
)
export type LastMessage = Static<typeof LastMessage>

export const Muted = Type.Object(
  { until: Type.Optional(Type.String({ ...Time, description: 'When it ends; absent if it does not' })) },
  { additionalProperties: false },
)

export const Room = Type.Object(
  {
    id: RoomId,
    ...directFields,
    name: ShownName,
    description: Description,
    is_public: Type.Boolean({ description: 'Whether every user can see the room' }),
    has_password: Type.Boolean({ description: 'Whether joining requires a password' }),
    is_default: Type.Boolean({ description: 'Whether this is the default room, which every user is a member of' }),
    max_members: Type.Integer({ description: 'Maximum number of members; 0 means unlimited', examples: [0] }),
    slow_mode_s: Type.Integer({
      description: 'Seconds that a member must wait between two messages; 0 means no wait',
      examples: [0],
    }),
    ...Retention,
    emptied_seq: EmptiedSeq,
    owner: Type.String({ description: 'Username of the owner; empty if there is none', examples: ['minji'] }),
    member_count: Type.Integer({ description: 'Number of members', examples: [3] }),
    created_at: Time,
    has_preview: Type.Boolean({ description: 'Whether its newest messages can be read before joining' }),
    read_counts: ReadCounts,
    is_member: Type.Boolean({ description: 'Whether you are a member' }),
    is_moderator: Type.Boolean({
      description: 'Whether you are the owner or a moderator. Administrators moderate public rooms without it',
    }),
    muted: Type.Optional({ ...Muted, description: 'Absent unless you are muted' }),
    unread: Type.Integer({
      description: 'Messages by other members after your read mark, without deleted ones; counted up to 1,000',
      examples: [2],
    }),
    unread_mentions: Type.Integer({
      description:
        'Messages after your read mark that mention you, by name or by `@all`, and still do; without those by users whom you block. Counted up to 1,000',
      examples: [1],
    }),
    last_read_seq: Type.Integer({ description: 'Your read mark', examples: [40] }),
    last_seq: Type.Integer({ description: 'The `seq` of the newest event', examples: [42] }),
    last_message: Type.Optional(LastMessage),
  },
  {
    additionalProperties: false,
    examples: [
      {
        id: '5f0c1d9be2a7483601',
        kind: 'room',
        name: 'Lunch',
        description: 'Where shall we eat?',
        is_public: true,
        has_password: false,
        is_default: false,
        max_members: 0,
        slow_mode_s: 0,
        ...{ has_preview: true, read_counts: true },
        ...KEEPS_ALL,
        owner: 'minji',
        member_count: 3,
        created_at: '2026-01-31T09:30:00.000Z',
        is_member: true,
        is_moderator: true,
        unread: 2,
        unread_mentions: 1,
        last_read_seq: 40,
        last_seq: 42,
        last_message: { id: 42, username: 'minji', text: '안녕하세요!', created_at: '2026-01-31T09:30:00.000Z' },
      },
    ],
  },
)
export type Room = Static<typeof Room>

export const RoomCreation = Type.Object(
  {
    name: Name,
    description: Type.Optional(Description),
    is_public: Type.Optional(
      Type.Boolean({ default: true, description: 'Whether every user can see the room and join it' }),
    ),
    password: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 72,
        description: 'Required to join; with it, users can join even a private room',
        examples: ['open sesame'],
      }),
    ),
    max_members: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: limits.ROOM_MEMBERS_MAX,
        description: 'Maximum number of members; 0, the default, means unlimited',
        examples: [0],
      }),
    ),
  },
  { additionalProperties: false },
)
export type RoomCreation = Static<typeof RoomCreation>

export const RoomChange = Type.Object(
  {
    ...Type.Partial(Type.Pick(RoomSettings, ['name', 'description', 'is_public', 'max_members'])).properties,
    slow_mode_s: Type.Optional(SlowMode),
    preview: Type.Optional(Preview),
    read_counts: Type.Optional(ReadCounts),
    owner: Type.Optional(Type.String({ ...Username, description: 'The member who becomes the owner' })),
    ...Type.Partial(Type.Object(Retention)).properties,
    password: Type.Optional(
      Type.Union([Type.String({ minLength: 1, maxLength: 72, examples: ['open sesame'] }), Type.Null()], {
        description: 'Required to join; null removes it. Members stay members',
      }),
    ),
  },
  { additionalProperties: false, minProperties: 1 },
)
export type RoomChange = Static<typeof RoomChange>

export const RoomList = Type.Object(
  {
    limit: PageLimit,
    after: Type.Optional(
      Type.String({
        maxLength: limits.ROOM_NAME_MAX,
        description: 'Return rooms after this name: the last one of the previous page',
        examples: ['Lunch'],
      }),
    ),
    q: Type.Optional(
      Type.String({
        maxLength: limits.ROOM_NAME_MAX,
        description: 'Return only rooms whose name contains this text',
        examples: ['lun'],
      }),
    ),
    mine: Type.Optional(
      Type.Boolean({
        description:
          'true: only rooms that you are a member of. false: only public rooms that you are not a member of. Default: both',
        examples: [true],
      }),
    ),
  },
  { additionalProperties: false },
)
export type RoomList = Static<typeof RoomList>

/**
 * What a user is in a room. A row reflects the log up to `seq`; only a row with a greater seq replaces it, and rows are
 * never deleted. Without a row, a user is a member of the default room and of no other.
 */
export const MemberRow = Type.Object({
  room_id: RoomId,
  username: Username,
  seq: Type.Integer(),
  is_member: Type.Boolean(),
  /** Of a member: the seq of the event that began the membership. Absent from rows of servers that did not keep it. */
  since: Type.Optional(Type.Integer()),
  role: Type.Optional(Type.Literal('moderator')),
  banned: Type.Optional(Restriction),
  /** Also of a former member, so that leaving and joining again does not end it. */
  muted: Type.Optional(Restriction),
  /** The user left and asked not to be added again; joining ends it. */
  refuses_adding: Type.Optional(Type.Literal(true)),
  blocks: Type.Optional(Blocking),
})
export type MemberRow = Static<typeof MemberRow>
