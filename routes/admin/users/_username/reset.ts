import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { prices } from '../../../../plugins/budgets/index.js'
import { adminChangeErrors } from '../../../../schemas/error.js'
import { ResetLink, Username } from '../../../../schemas/user.js'

const reset = {
  summary: 'Make a link for a new password',
  description:
    'For users who forgot their password. The link works once, for 24 hours, and replaces an earlier one. Only administrators can make it; pass it to the user over a channel that you trust.',
  operationId: 'makeResetLink',
  tags: ['admin'],
  params: Type.Object({ username: Username }),
  response: {
    201: { ...ResetLink, description: 'The link' },
    ...adminChangeErrors('UserNotFound'),
  },
}

export default (async fastify => {
  fastify.post('/reset', { schema: reset, config: { audit: 'reset_link_made' } }, async (request, reply) => {
    await request.turn(2 * prices.append)
    reply.code(201)
    return fastify.administration.makeResetLink(request.actor, request.params.username)
  })
}) satisfies FastifyPluginAsyncTypebox
