import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { prices } from '../../../../plugins/budgets/index.js'
import { adminChangeErrors } from '../../../../schemas/error.js'
import { Username } from '../../../../schemas/user.js'

const params = Type.Object({ username: Username })

const block = {
  summary: 'Block a user',
  description:
    'Ends all sessions of the user and refuses logins. Within a second, every server rejects the tokens and closes the sockets.',
  operationId: 'blockAccount',
  tags: ['admin'],
  params,
  response: {
    204: Type.Null({ description: 'The user is blocked' }),
    ...adminChangeErrors('UserNotFound', 'OwnRights'),
  },
}

const unblock = {
  summary: 'Unblock a user',
  description: 'Allows a blocked user to log in again.',
  operationId: 'unblockAccount',
  tags: ['admin'],
  params,
  response: {
    204: Type.Null({ description: 'The user is not blocked' }),
    ...adminChangeErrors('UserNotFound', 'OwnRights'),
  },
}

export default (async fastify => {
  const { administration } = fastify

  fastify.put('/block', { schema: block, config: { audit: 'user_blocked' } }, async (request, reply) => {
    await request.turn(2 * prices.append)
    const ended = await administration.block(request.actor, request.params.username)
    await request.turn(ended * prices.ended_session)
    return reply.code(204).send(null)
  })

  fastify.delete('/block', { schema: unblock, config: { audit: 'user_unblocked' } }, async (request, reply) => {
    await request.turn(2 * prices.append)
    await administration.unblock(request.actor, request.params.username)
    return reply.code(204).send(null)
  })
}) satisfies FastifyPluginAsyncTypebox
