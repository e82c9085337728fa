import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { changeErrors } from '../../../schemas/error.js'
import { LeaveBody } from '../../../schemas/membership.js'
import { RoomParams } from '../../../schemas/room.js'

const leave = {
  operationId: 'leaveRoom',
  tags: ['members'],
  summary: 'Leave the room',
  description:
    'Ends the membership of the authenticated user, whose sockets leave the room. The owner cannot leave. With `refuse_adding`, nobody can add the user again.',
  params: RoomParams,
  body: Type.Union([LeaveBody, Type.Null()]),
  response: {
    204: Type.Null({ description: 'The user is no longer a member' }),
    ...changeErrors('RoomNotFound', 'NotMember', 'DefaultRoom', 'OwnerCannotLeave'),
  },
}

export default (async fastify => {
  fastify.post('/leave', { schema: leave }, async ({ params, body, username }, reply) => {
    await fastify.rooms.leave(params.id, username, body?.refuse_adding)
    return reply.code(204).send(null)
  })
}) satisfies FastifyPluginAsyncTypebox
