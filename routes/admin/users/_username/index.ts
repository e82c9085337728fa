import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { prices } from '../../../../plugins/budgets/index.js'
import { adminChangeErrors } from '../../../../schemas/error.js'
import { MessagesOfDeleted, Username } from '../../../../schemas/user.js'

const remove = {
  summary: 'Delete an account',
  description:
    'As the user can (`DELETE /users/me`), without the password. This cannot be undone, and the username can never be registered again.',
  operationId: 'deleteAccountOf',
  tags: ['admin'],
  params: Type.Object({ username: Username }),
  querystring: Type.Object({ messages: MessagesOfDeleted }, { additionalProperties: false }),
  response: {
    204: Type.Null({ description: 'The account is deleted' }),
    ...adminChangeErrors('UserNotFound', 'OwnRights'),
  },
}

export default (async fastify => {
  const { accountDeletion, administration } = fastify

  fastify.delete('', { schema: remove, config: { audit: 'account_deleted' } }, async (request, reply) => {
    const { actor, params, query } = request
    await request.turn(2 * prices.append)
    const ended = await administration.delete(actor, params.username, query.messages)
    void accountDeletion.sweep()
    await request.turn(ended * prices.ended_session)
    return reply.code(204).send(null)
  })
}) satisfies FastifyPluginAsyncTypebox
