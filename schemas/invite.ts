import { type Static, Type } from '@sinclair/typebox'
import { Seq } from './message.js'
import { PageLimit } from './paging.js'
import { RoomId, RoomSettings } from './room.js'
import { MaxUses } from './stored-invite.js'
import { Time, User, Username } from './user.js'
import { limits } from './wire.js'

/** What stands behind `#` in a link: the room's id and 128 random bits. Any string, so that all wrong codes get one answer. */
export const InviteCode = Type.String({
  minLength: 1,
  maxLength: 100,
  description: 'What stands behind `#` in the link `/i#…`',
  examples: ['5f0c1d9be2a7483601.q83vASNFZ4mrze8BI0VniQ'],
})
export const InviteUse = Type.Object({ code: InviteCode }, { additionalProperties: false })

export const InviteCreation = Type.Object(
  {
    expires_in_s: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: limits.INVITE_MAX_S,
        description: 'Seconds until it expires; without it, it does not',
        examples: [604_800],
      }),
    ),
    max_uses: Type.Optional(MaxUses),
  },
  { additionalProperties: false },
)
export type InviteCreation = Static<typeof InviteCreation>

const inviteFields = {
  id: Type.Integer({ ...Seq, description: 'The `seq` of its `invited` event' }),
  created_by: Type.String({ description: 'The moderator who made it', examples: ['minji'] }),
  created_at: Time,
  expires_at: Type.Optional(Type.String({ ...Time, description: 'Absent if it does not expire' })),
  max_uses: Type.Optional(MaxUses),
  uses: Type.Integer({ description: 'How many users have joined by it', examples: [3] }),
}

export const Invite = Type.Object(
  {
    ...inviteFields,
    state: Type.Union(
      (['valid', 'used_up', 'expired', 'revoked'] as const).map(state => Type.Literal(state)),
      { description: 'Only a `valid` one can be used', examples: ['valid'] },
    ),
    revoked_by: Type.Optional(Type.String({ examples: ['minji'] })),
    joined: Type.Array(Type.Object({ username: Username, joined_at: Time }, { additionalProperties: false }), {
      description: `The last ${limits.INVITE_NAMES_MAX} users who joined by it, newest first`,
    }),
  },
  { additionalProperties: false },
)
export type Invite = Static<typeof Invite>

export const NewInvite = Type.Object(
  { ...inviteFields, code: Type.String({ ...InviteCode, description: 'Shown only once; the link is `/i#` and this' }) },
  { additionalProperties: false },
)
export type NewInvite = Static<typeof NewInvite>

export const InviteParams = Type.Object({
  id: RoomId,
  invite: Type.Integer({ ...Seq, description: 'The id of the invitation' }),
})

export const InviteList = Type.Object(
  {
    limit: PageLimit,
    before: Type.Optional(
      Type.Integer({
        ...Seq,
        description: 'Return invitations older than this one: the last one of the previous page',
      }),
    ),
  },
  { additionalProperties: false },
)
export type InviteList = Static<typeof InviteList>

export const InvitePage = Type.Object(
  {
    invites: Type.Array(Invite),
    next: Type.Optional(
      Type.Integer({ description: 'The `before` of the next page; absent on the last one', examples: [42] }),
    ),
  },
  { additionalProperties: false },
)
export type InvitePage = Static<typeof InvitePage>

export const InvitesOf = Type.Object(
  { created_by: Type.String({ ...Username, description: 'The user whose invitations are revoked' }) },
  { additionalProperties: false },
)

/** What a link shows before joining. */
export const Invited = Type.Object(
  {
    room_id: RoomId,
    ...Type.Pick(RoomSettings, ['name', 'description']).properties,
    member_count: Type.Integer({ description: 'Number of members', examples: [3] }),
    invited_by: Type.Optional(
      Type.Pick(User, ['username', 'display_name', 'avatar_color'], {
        additionalProperties: false,
        description: 'Absent if the account was deleted, and for a member whose link has ended',
      }),
    ),
    expires_at: Type.Optional(Type.String({ ...Time, description: 'When the invitation expires, if it does' })),
    is_member: Type.Boolean({ description: 'Whether you are a member already; false without a login' }),
  },
  { additionalProperties: false },
)
export type Invited = Static<typeof Invited>
