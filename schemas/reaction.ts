import { type Static, Type } from '@sinclair/typebox'
import { Username } from './user.js'
import { limits } from './wire.js'

/** As it is stored. What counts as an emoji depends on the server's Unicode data, so only the commit judges. */
export const Emoji = Type.String({ description: 'One emoji', examples: ['👍'] })

export const On = Type.Boolean({ description: 'Whether the user reacts with the emoji from now on', examples: [true] })

export const Count = Type.Integer({
  minimum: 0,
  description: 'How many users react with the emoji, this change included',
  examples: [3],
})

/** What a client asks to react with: any spelling of one emoji. */
export const AskedEmoji = Type.String({
  minLength: 1,
  maxLength: 20,
  description: 'One emoji, in any spelling; it is stored and returned as Unicode recommends it for interchange (RGI)',
  examples: ['👍'],
})

export const Reaction = Type.Object(
  {
    emoji: Emoji,
    count: Type.Integer({ minimum: 1, description: 'How many users react with it', examples: [3] }),
    usernames: Type.Array(Username, {
      maxItems: limits.REACTION_NAMES_MAX,
      description: 'Some of them',
      examples: [['minji', 'jun']],
    }),
    mine: Type.Optional(
      Type.Literal(true, { description: 'You react with it. Over HTTP only; absent if you do not', examples: [true] }),
    ),
  },
  { additionalProperties: false },
)
export type Reaction = Static<typeof Reaction>

/** The reactions to a message, and the seq up to which they hold. */
export const Reactions = Type.Object(
  {
    reactions: Type.Array(Reaction, {
      maxItems: limits.REACTIONS_MAX,
      description: 'In the order in which the emoji were used first',
    }),
    reactions_seq: Type.Integer({
      description: 'The `seq` of the newest reaction that they reflect; ignore earlier events of this message',
      examples: [57],
    }),
  },
  { additionalProperties: false },
)
export type Reactions = Static<typeof Reactions>

/** The reactions to a message, for a client that was away. */
export const MessageReactions = Type.Object(
  { id: Type.Integer({ description: 'The id of the message', examples: [42] }), ...Reactions.properties },
  { additionalProperties: false },
)
export type MessageReactions = Static<typeof MessageReactions>
