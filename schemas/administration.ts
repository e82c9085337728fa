import { type Static, Type } from '@sinclair/typebox'
import { ClientId, Text } from './message.js'
import { PageLimit } from './paging.js'
import { RoomId } from './room.js'
import { RegistrationMode, Time, User, Username } from './user.js'

/** What is done to an account that changes what its user may do, and how. */
export const rightsActs = {
  user_blocked: { blocked: true },
  user_unblocked: { blocked: false },
  admin_appointed: { is_admin: true },
  admin_dismissed: { is_admin: false },
  /** By an administrator, or by an administrator who deletes the own account. */
  account_deleted: { is_admin: false },
} as const
export type RightsAct = keyof typeof rightsActs

/** A change of who can register, by the mode that then holds. */
export const registrationActs = ['registration_open', 'registration_invite', 'registration_closed'] as const

export const otherActs = [
  'reset_link_made',
  'password_reset',
  'sessions_ended',
  'room_deleted',
  'room_taken_over',
  'announced',
  ...registrationActs,
] as const
export type OtherAct = (typeof otherActs)[number]

const acts = [...Object.keys(rightsActs), ...otherActs]

const Search = Type.Optional(
  Type.String({ maxLength: 100, description: 'What a name begins with; case is ignored', examples: ['min'] }),
)

export const AdminUser = Type.Composite(
  [
    Type.Pick(User, ['username', 'display_name', 'avatar_color', 'created_at']),
    Type.Object({
      is_admin: Type.Boolean({ description: 'Whether the user administers this server' }),
      blocked: Type.Boolean({ description: 'Whether the user is kept from logging in' }),
    }),
  ],
  { additionalProperties: false },
)
export type AdminUser = Static<typeof AdminUser>

export const AdminUserList = Type.Object(
  {
    q: Search,
    limit: PageLimit,
    after: Type.Optional({
      ...Username,
      description: 'Return users after this name: `next` of the previous page',
    }),
  },
  { additionalProperties: false },
)
export type AdminUserList = Static<typeof AdminUserList>

export const AdminUserPage = Type.Object(
  {
    users: Type.Array(AdminUser),
    next: Type.Optional(
      Type.String({ description: 'The `after` of the next page; absent on the last one', examples: ['minji'] }),
    ),
  },
  { additionalProperties: false },
)
export type AdminUserPage = Static<typeof AdminUserPage>

export const ownerStates = ['present', 'blocked', 'deleted'] as const

export const AdminRoom = Type.Object(
  {
    id: RoomId,
    name: Type.String({ examples: ['Lunch'] }),
    is_public: Type.Boolean({ description: 'Whether every user can see the room', examples: [true] }),
    has_password: Type.Boolean({ description: 'Whether joining requires a password', examples: [false] }),
    is_default: Type.Boolean({ description: 'Whether all users are members', examples: [false] }),
    owner: Type.String({ description: 'Empty for the default room', examples: ['minji'] }),
    owner_state: Type.Union(
      ownerStates.map(state => Type.Literal(state)),
      { description: 'A room whose owner is blocked or deleted can be taken over', examples: ['blocked'] },
    ),
    member_count: Type.Integer({ examples: [3] }),
    created_at: Time,
  },
  { additionalProperties: false },
)
export type AdminRoom = Static<typeof AdminRoom>

export const AdminRoomList = Type.Object(
  {
    q: Search,
    limit: PageLimit,
    after: Type.Optional({ ...RoomId, description: 'Return rooms after this id: `next` of the previous page' }),
  },
  { additionalProperties: false },
)
export type AdminRoomList = Static<typeof AdminRoomList>

export const AdminRoomPage = Type.Object(
  {
    rooms: Type.Array(AdminRoom),
    next: Type.Optional(
      Type.String({ description: 'The `after` of the next page; absent on the last one', examples: ['minji'] }),
    ),
  },
  { additionalProperties: false },
)
export type AdminRoomPage = Static<typeof AdminRoomPage>

const Figure = (description: string, example: number) => Type.Number({ description, examples: [example] })

export const Figures = Type.Object(
  {
    version: Type.String({ examples: ['1.0.0'] }),
    started_at: Time,
    users: Figure('Accounts, without deleted ones', 120),
    sockets: Figure('Open sockets of this server', 42),
    rooms: Figure('Rooms with sockets on this server', 7),
    appended: Figure('Events that this server has stored since it started', 9000),
    delivered: Figure('Events handed to sockets since it started, once per socket', 90_000),
    memory_bytes: Figure('Memory that the process occupies', 123_456_789),
    lag_ms: Figure('99th percentile of the delay of the event loop since it was asked last, ms', 1.5),
    store_up: Type.Boolean({ description: 'Whether the store answers' }),
    bus_up: Type.Boolean({ description: 'Whether messages to other servers come through' }),
  },
  { additionalProperties: false, description: 'Of the server that answers, as `/metrics` has them' },
)
export type Figures = Static<typeof Figures>

export const Announcing = Type.Object(
  { client_id: Type.Optional(ClientId), text: Text },
  { additionalProperties: false, examples: [{ text: '오늘 밤 10시에 잠시 점검이 있습니다.' }] },
)

export const RegistrationChange = Type.Object(
  { mode: RegistrationMode },
  { additionalProperties: false, examples: [{ mode: 'invite' }] },
)

const Seq = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, examples: [42] })

export const AuditEntry = Type.Object(
  {
    seq: Seq,
    created_at: Time,
    act: Type.String({ description: `One of ${acts.join(', ')}`, examples: ['user_blocked'] }),
    username: Type.String({ description: 'The administrator; empty for `talkie` commands', examples: ['minji'] }),
    address: Type.String({
      description: 'IP address of the administrator; empty for commands',
      examples: ['203.0.113.7'],
    }),
    member: Type.Optional(Type.String({ description: 'The user whom it is about', examples: ['seojun'] })),
    room_id: Type.Optional({ ...RoomId, description: 'The room that it is about' }),
    room_name: Type.Optional(Type.String({ description: 'Its name at that time', examples: ['Lunch'] })),
  },
  { additionalProperties: false },
)
export type AuditEntry = Static<typeof AuditEntry>

export const AuditQuery = Type.Object(
  {
    limit: PageLimit,
    before: Type.Optional(
      Type.Integer({ ...Seq, description: 'Return entries before this `seq`: `next_before` of the previous page' }),
    ),
  },
  { additionalProperties: false },
)
export type AuditQuery = Static<typeof AuditQuery>

export const AuditPage = Type.Object(
  {
    entries: Type.Array(AuditEntry, { description: 'Newest first' }),
    deleted: Type.Array(Username, { description: 'The users named above whose accounts are deleted' }),
    next_before: Type.Optional(
      Type.Integer({ ...Seq, description: 'The `before` of the next page; absent on the last one' }),
    ),
  },
  { additionalProperties: false },
)
export type AuditPage = Static<typeof AuditPage>
