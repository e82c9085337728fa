import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { prices } from '../../../../plugins/budgets/index.js'
import { adminChangeErrors } from '../../../../schemas/error.js'
import { Username } from '../../../../schemas/user.js'

const params = Type.Object({ username: Username })

const appoint = {
  summary: 'Appoint an administrator',
  operationId: 'appointAdministrator',
  tags: ['admin'],
  params,
  response: {
    204: Type.Null({ description: 'The user is an administrator' }),
    ...adminChangeErrors('UserNotFound', 'OwnRights'),
  },
}

const dismiss = {
  summary: 'Dismiss an administrator',
  description:
    'Holds at once on every server. Administrators cannot dismiss themselves, so that one always remains; of two who dismiss each other at once, one remains.',
  operationId: 'dismissAdministrator',
  tags: ['admin'],
  params,
  response: {
    204: Type.Null({ description: 'The user is not an administrator' }),
    ...adminChangeErrors('UserNotFound', 'OwnRights'),
  },
}

export default (async fastify => {
  const { administration } = fastify

  fastify.put('/admin', { schema: appoint, config: { audit: 'admin_appointed' } }, async (request, reply) => {
    await request.turn(2 * prices.append)
    await administration.setAdmin(request.actor, request.params.username, true)
    return reply.code(204).send(null)
  })

  fastify.delete('/admin', { schema: dismiss, config: { audit: 'admin_dismissed' } }, async (request, reply) => {
    await request.turn(2 * prices.append)
    await administration.setAdmin(request.actor, request.params.username, false)
    return reply.code(204).send(null)
  })
}) satisfies FastifyPluginAsyncTypebox
