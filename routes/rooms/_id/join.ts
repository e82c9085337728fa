import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { changeErrors } from '../../../schemas/error.js'
import { JoinBody } from '../../../schemas/membership.js'
import { Room, RoomParams } from '../../../schemas/room.js'

const join = {
  operationId: 'joinRoom',
  tags: ['members'],
  summary: 'Join the room',
  description:
    'Makes the authenticated user a member. Joining a room twice is not an error. Anyone with the password can join, even a private room.',
  params: RoomParams,
  body: Type.Union([JoinBody, Type.Null()]),
  response: {
    200: { ...Room, description: 'The room that was joined' },
    ...changeErrors('RoomNotFound', 'RoomPasswordWrong', 'Banned', 'RoomFull', 'LoginQueueFull'),
  },
}

export default (async fastify => {
  fastify.post('/join', { schema: join, preHandler: fastify.limits.roomPasswordTry }, ({ params, body, username }) =>
    fastify.rooms.join(params.id, username, body?.password),
  )
}) satisfies FastifyPluginAsyncTypebox
