import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { prices } from '../../../../plugins/budgets/index.js'
import { adminChangeErrors } from '../../../../schemas/error.js'
import { RoomParams } from '../../../../schemas/room.js'

const remove = {
  summary: 'Delete any room',
  description: 'Deletes a room with all its messages, as its owner could. Direct conversations are not found.',
  operationId: 'deleteAnyRoom',
  tags: ['admin'],
  params: RoomParams,
  response: {
    204: Type.Null({ description: 'The room is deleted' }),
    ...adminChangeErrors('RoomNotFound', 'DefaultRoom'),
  },
}

export default (async fastify => {
  fastify.delete('', { schema: remove, config: { audit: 'room_deleted' } }, async (request, reply) => {
    await request.turn(prices.append)
    await fastify.administration.deleteRoom(request.actor, request.params.id)
    return reply.code(204).send(null)
  })
}) satisfies FastifyPluginAsyncTypebox
