import { type Static, Type } from '@sinclair/typebox'
import { Time, Username } from './user.js'
import { limits } from './wire.js'

export const MaxUses = Type.Integer({
  minimum: 1,
  maximum: limits.INVITE_USES_MAX,
  description: 'How many users can join; without it, any number',
  examples: [10],
})

/**
 * An invitation as stored, as of the event `seq`. The room's record holds those that are neither used up nor revoked,
 * because they decide; the index of invitations holds all.
 */
export const StoredInvite = Type.Object({
  /** The seq of its `invited` event. */
  id: Type.Integer(),
  seq: Type.Integer(),
  created_by: Type.String(),
  created_at: Time,
  code_hash: Type.String(),
  expires_at: Type.Optional(Time),
  max_uses: Type.Optional(MaxUses),
  uses: Type.Integer(),
  /** Uses kept for users who are signing up, until they have joined or the time is over; oldest first. */
  claims: Type.Array(Type.Object({ claim: Type.String(), expires_at: Time })),
  revoked_by: Type.Optional(Type.String()),
})
export type StoredInvite = Static<typeof StoredInvite>

/** A row of the index: an invitation with the last users who joined by it, newest first. */
export const InviteRow = Type.Composite([
  StoredInvite,
  Type.Object({ room_id: Type.String(), joined: Type.Array(Type.Object({ username: Username, joined_at: Time })) }),
])
export type InviteRow = Static<typeof InviteRow>
