import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { prices } from '../../../../plugins/budgets/index.js'
import { adminChangeErrors } from '../../../../schemas/error.js'
import { RoomParams } from '../../../../schemas/room.js'

const takeOver = {
  summary: 'Take over a room',
  description:
    'Makes you a member and the owner of a room whose owner is blocked or deleted. Everybody in the room sees it. Direct conversations are not found.',
  operationId: 'takeOverRoom',
  tags: ['admin'],
  params: RoomParams,
  response: {
    204: Type.Null({ description: 'You are the owner' }),
    ...adminChangeErrors('RoomNotFound', 'DefaultRoom', 'OwnerPresent'),
  },
}

export default (async fastify => {
  fastify.post('/takeover', { schema: takeOver, config: { audit: 'owner_changed' } }, async (request, reply) => {
    await request.turn(prices.append)
    await fastify.administration.takeOver(request.actor, request.params.id)
    return reply.code(204).send(null)
  })
}) satisfies FastifyPluginAsyncTypebox
