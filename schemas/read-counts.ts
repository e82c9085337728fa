import { type Static, Type } from '@sinclair/typebox'
import { Username } from './user.js'

/** A setting of rooms. */
export const ReadCounts = Type.Boolean({
  description: 'Whether members see how many have read a message; never in a room of more than 100 members',
  examples: [true],
})

const Read = Type.Object(
  {
    username: Username,
    seq: Type.Integer({ description: 'The member has read everything up to it', examples: [42] }),
  },
  { additionalProperties: false },
)
export const ReadsOfMembers = Type.Array(Read)
export type Read = Static<typeof Read>

export const Reads = Type.Object(
  {
    seq: Type.Integer({
      description: 'Who is a member is as of this `seq` or later: apply what later events say of members',
      examples: [42],
    }),
    reads: Type.Array(Read, { description: 'Every member with the read mark, by username' }),
  },
  { additionalProperties: false },
)
export type Reads = Static<typeof Reads>
