import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { changeErrors, readErrors } from '../../../schemas/error.js'
import { Room, RoomChange, RoomParams } from '../../../schemas/room.js'

const tags = ['rooms']
const params = RoomParams

const get = {
  operationId: 'getRoom',
  tags,
  summary: 'Get a room',
  description: 'The room with the id `default` always exists, and every user is a member of it.',
  params,
  response: { 200: { ...Room, description: 'The room' }, ...readErrors('RoomNotFound') },
}

const change = {
  operationId: 'changeRoom',
  tags,
  summary: 'Change the settings of a room',
  description:
    'Only the owner can; of the default room, administrators. Changes what is given; everybody in the room learns it by `room_changed`. `owner` hands the room over to another member.',
  params,
  body: RoomChange,
  response: {
    200: { ...Room, description: 'The room after the change' },
    ...changeErrors(
      'RoomNotFound',
      'NotOwner',
      'RoomNameTaken',
      'PasswordTooLong',
      'LoginQueueFull',
      'UserNotFound',
      'MemberNotFound',
      'DefaultRoom',
    ),
  },
}

const remove = {
  operationId: 'deleteRoom',
  tags,
  summary: 'Delete a room',
  description: 'Only the owner can delete a room. The sockets of all members leave it.',
  params,
  response: {
    204: Type.Null({ description: 'The room was deleted' }),
    ...changeErrors('RoomNotFound', 'NotOwner', 'DefaultRoom'),
  },
}

export default (async fastify => {
  fastify.get('', { schema: get }, ({ params, username }) => fastify.rooms.get(params.id, username))

  fastify.patch('', { schema: change, config: { audit: 'room_changed' } }, ({ params, body, username }) =>
    fastify.rooms.change(params.id, username, body),
  )

  fastify.delete('', { schema: remove, config: { audit: 'room_deleted' } }, async ({ params, username }, reply) => {
    await fastify.rooms.remove(params.id, username)
    return reply.code(204).send(null)
  })
}) satisfies FastifyPluginAsyncTypebox
