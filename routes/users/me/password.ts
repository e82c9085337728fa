import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import type { Identity } from '../../../plugins/auth/index.js'
import { prices } from '../../../plugins/budgets/index.js'
import { changeErrors } from '../../../schemas/error.js'
import { PasswordChange } from '../../../schemas/user.js'

const change = {
  summary: 'Change your password',
  description:
    'Requires the current password. The current session stays; all others end with the change: within a second, every server rejects their tokens and closes their sockets.',
  operationId: 'changePassword',
  tags: ['users'],
  body: PasswordChange,
  response: {
    204: Type.Null({ description: 'The password was changed' }),
    ...changeErrors('PasswordWrong', 'PasswordTooLong', 'PasswordTooCommon', 'LoginQueueFull'),
  },
}

export default (async fastify => {
  const { auth, limits } = fastify

  fastify.put('/password', { schema: change, config: { audit: 'password_changed' } }, async (request, reply) => {
    const { username, body } = request
    await request.turn(prices.login)
    const ended = await limits.wrongLogins.run(username, limits.addressOf(request), () =>
      auth.changePassword(request.identity as Identity, body.current_password, body.new_password),
    )
    await request.turn(ended * prices.ended_session)
    return reply.code(204).send(null)
  })
}) satisfies FastifyPluginAsyncTypebox
