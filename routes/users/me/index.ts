import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import type { Identity } from '../../../plugins/auth/index.js'
import { prices } from '../../../plugins/budgets/index.js'
import { changeErrors } from '../../../schemas/error.js'
import { AccountDeletion } from '../../../schemas/user.js'

const remove = {
  summary: 'Delete your account',
  description:
    'Requires the password and cannot be undone. Within a second, every server rejects all your tokens and closes your sockets. Your profile is erased, you leave all rooms, and the username can never be registered again. A room that you own passes to its longest-serving moderator, or else member; without other members it is deleted. Your messages stay under “deleted account” or are deleted too, as you choose; this goes on in the background, also after a restart. The last administrator cannot go.',
  operationId: 'deleteAccount',
  tags: ['users'],
  body: AccountDeletion,
  response: {
    204: Type.Null({ description: 'The account is deleted' }),
    ...changeErrors('PasswordWrong', 'LastAdministrator', 'LoginQueueFull'),
  },
}

export default (async fastify => {
  const { accountDeletion, administration, limits } = fastify

  fastify.delete('', { schema: remove, config: { audit: 'account_deleted' } }, async (request, reply) => {
    const { username, body } = request
    await request.turn(prices.login + prices.append)
    await limits.wrongLogins.run(username, limits.addressOf(request), () =>
      administration.deleteOwn(request.actor, request.identity as Identity, body.password, body.messages),
    )
    void accountDeletion.sweep()
    return reply.clearCookie(fastify.cookieName, { path: '/' }).code(204).send(null)
  })
}) satisfies FastifyPluginAsyncTypebox
