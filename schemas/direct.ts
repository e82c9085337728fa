import { type Static, Type } from '@sinclair/typebox'
import { Time, Username } from './user.js'
import { limits } from './wire.js'

/** What only a direct conversation has: everybody in it, for good, and the users among them who block another one. */
export const DirectRecord = Type.Object({ usernames: Type.Array(Username), blocked_by: Type.Array(Username) })

/** What a room shows of being a direct conversation. */
export const directFields = {
  kind: Type.Union([Type.Literal('room'), Type.Literal('direct')], {
    description: 'A direct conversation has no name, owner or settings, and nobody can be added or removed',
    examples: ['room'],
  }),
  usernames: Type.Optional(
    Type.Array(Username, {
      description: 'Everybody in a direct conversation, you included; absent for other rooms',
      examples: [['minji', 'seojun']],
    }),
  ),
  blocked_by: Type.Optional(
    Type.Array(Username, {
      description:
        'The users of a conversation of two who block the other one, so that nobody can write; absent if none',
      examples: [['minji']],
    }),
  ),
}
export const ShownName = Type.String({ description: 'Empty for a direct conversation', examples: ['Lunch'] })

/** In a member's row of a conversation of two: that the user blocks the other one. */
export const Blocking = Type.Object({ username: Username, at: Time })

export const DirectBody = Type.Object(
  {
    usernames: Type.Array(Username, {
      minItems: 1,
      maxItems: limits.PAGE_MAX,
      description: 'The others: 1 to 9. Repeated names, and your own, do not count',
      examples: [['seojun']],
    }),
  },
  { additionalProperties: false },
)

/** A conversation's place in the list: the time of its newest message, and its id. */
export const DirectBefore = Type.String({
  pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z [A-Za-z0-9_-]{1,32}$',
  description: 'Return conversations before this place: the `next` of the previous page',
  examples: ['2026-01-31T09:30:00.000Z d-Yb3n0pQ7cL2vR9sT4uW6xZ1aE8gHkJ'],
})

export const Block = Type.Object(
  { username: Username, at: Type.String({ ...Time, description: 'When you blocked the user' }) },
  { additionalProperties: false },
)
export type Block = Static<typeof Block>
