import { randomUUID } from 'node:crypto'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { prices } from '../../../plugins/budgets/index.js'
import { changeErrors, rateLimited } from '../../../schemas/error.js'
import { MessageParams, Reacting } from '../../../schemas/message.js'
import { Reactions } from '../../../schemas/reaction.js'

const react = {
  operationId: 'reactToMessage',
  tags: ['messages'],
  summary: 'React to a message',
  description:
    'Says whether you react to the message with an emoji from now on; if that is so already, nothing changes. A message has at most 20 different emoji, and a user changes their reactions to it up to 100 times. Returns the present reactions.',
  params: MessageParams,
  body: Reacting,
  response: {
    200: { ...Reactions, description: 'The reactions to the message' },
    ...changeErrors(
      'EmojiInvalid',
      'RoomNotFound',
      'NotMember',
      'Muted',
      'Blocked',
      'MessageNotFound',
      'MessageDeleted',
      'TooManyReactions',
      'TooManyReactionChanges',
      'ClientIdReused',
    ),
  },
}

export default (async fastify => {
  const { limits, reactions } = fastify

  fastify.put('/messages/:msgId/reactions', { schema: react }, async request => {
    const { params, body, username } = request
    const wait_ms = limits.sends(username)
    if (wait_ms > 0) throw rateLimited(wait_ms)
    await request.turn(prices.append + prices.read_message)
    return reactions.reactAndRead(params.id, username, params.msgId, { client_id: randomUUID(), ...body })
  })
}) satisfies FastifyPluginAsyncTypebox
