import { type Static, Type } from '@sinclair/typebox'
import { PageLimit } from './paging.js'
import { Muted } from './room.js'
import { Username } from './user.js'

export const Member = Type.Object(
  {
    username: Username,
    display_name: Type.String({ examples: ['민지'] }),
    avatar_color: Type.String({ examples: ['#3366cc'] }),
    role: Type.Union([Type.Literal('owner'), Type.Literal('moderator'), Type.Literal('member')], {
      examples: ['member'],
    }),
    muted: Type.Optional({ ...Muted, description: 'Absent unless the member is muted' }),
    online: Type.Boolean({ description: 'Whether the member has a socket in the room' }),
  },
  { additionalProperties: false },
)
export type Member = Static<typeof Member>

export const MemberList = Type.Object(
  {
    limit: PageLimit,
    after: Type.Optional(
      Type.String({
        maxLength: 30,
        description: 'Return members after this username: the last one of the previous page',
        examples: ['minji'],
      }),
    ),
  },
  { additionalProperties: false },
)
export type MemberList = Static<typeof MemberList>

export const MemberPage = Type.Object(
  { members: Type.Array(Member), has_more: Type.Boolean({ description: 'Whether another page follows' }) },
  { additionalProperties: false },
)
export type MemberPage = Static<typeof MemberPage>
