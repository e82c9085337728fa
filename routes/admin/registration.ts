import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { prices } from '../../plugins/budgets/index.js'
import { RegistrationChange } from '../../schemas/administration.js'
import { adminChangeErrors } from '../../schemas/error.js'

const change = {
  summary: 'Set who can register',
  description:
    'Takes the place of `REGISTRATION` on all servers, also after a restart, until it is set again. `GET /auth/registration` tells the mode.',
  operationId: 'setRegistration',
  tags: ['admin'],
  body: RegistrationChange,
  response: { 204: Type.Null({ description: 'The mode holds' }), ...adminChangeErrors() },
}

export default (async fastify => {
  const config = { audit: 'registration_changed' as const }
  fastify.put('/registration', { schema: change, config }, async (request, reply) => {
    await request.turn(2 * prices.append)
    await fastify.administration.setRegistration(request.actor, request.body.mode)
    return reply.code(204).send(null)
  })
}) satisfies FastifyPluginAsyncTypebox
