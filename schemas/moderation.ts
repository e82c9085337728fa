import { type Static, Type } from '@sinclair/typebox'
import { Time, Username } from './user.js'
import { limits } from './wire.js'

/** The roles that are given to members; the owner is named in the room's record. */
export const Role = Type.Union([Type.Literal('moderator'), Type.Literal('member')], { examples: ['moderator'] })
export type Role = Static<typeof Role>
export const Until = Type.String({
  pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d{1,3})?Z$',
  description: 'When it ends, RFC 3339 in UTC; absent if it does not end',
  examples: ['2026-02-01T09:30:00.000Z'],
})
export const Reason = Type.String({
  maxLength: limits.REASON_MAX,
  pattern: '^[^\\u0000\\ud800-\\udfff]*$',
  description: 'Why; shown to moderators',
  examples: ['Advertising'],
})

/** A ban or a mute. It has ended when `until` is over, without an event. */
export const Restriction = Type.Object({
  until: Type.Optional(Time),
  /** The user who imposed it. */
  by: Type.String(),
  at: Time,
  reason: Type.Optional(Type.String()),
})
export type Restriction = Static<typeof Restriction>

export const RoleBody = Type.Object({ role: Role }, { additionalProperties: false })

export const Restricting = Type.Object(
  { until: Type.Optional(Until), reason: Type.Optional(Reason) },
  { additionalProperties: false },
)
export type Restricting = Static<typeof Restricting>

export const Ban = Type.Object(
  {
    username: Username,
    until: Type.Optional(Type.String({ ...Time, description: 'When it ends; absent if it does not' })),
    by: Type.String({ description: 'The moderator who imposed it', examples: ['minji'] }),
    at: Time,
    reason: Type.Optional(Type.String({ examples: ['Advertising'] })),
  },
  { additionalProperties: false },
)
export const BanPage = Type.Object(
  {
    bans: Type.Array(Ban),
    next: Type.Optional(
      Type.String({ description: 'The `after` of the next page; absent on the last one', examples: ['seojun'] }),
    ),
  },
  { additionalProperties: false },
)
export type BanPage = Static<typeof BanPage>
