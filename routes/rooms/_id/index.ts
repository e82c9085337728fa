import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { changeErrors, readErrors } from '../../../schemas/error.js'
import { JoinBody, OwnerBody, Room, RoomParams } from '../../../schemas/room.js'

const tags = ['rooms']
const params = RoomParams
const nothing = Type.Null({ description: 'Done' })

const get = {
  operationId: 'getRoom',
  tags,
  summary: 'One room',
  description: 'The room `default` is there from the start, and everybody is a member.',
  params,
  response: { 200: Room, ...readErrors('RoomNotFound') },
}

const remove = {
  operationId: 'deleteRoom',
  tags,
  summary: 'Delete a room of one’s own',
  params,
  response: { 204: nothing, ...changeErrors('RoomNotFound', 'NotOwner', 'DefaultRoom') },
}

const join = {
  operationId: 'joinRoom',
  tags,
  summary: 'Become a member',
  description: 'Joining twice is no error. The right password opens a private room too.',
  params,
  body: Type.Union([JoinBody, Type.Null()]),
  response: {
    200: Room,
    ...changeErrors('RoomNotFound', 'RoomPasswordWrong', 'RoomFull', 'LoginQueueFull'),
  },
}

const leave = {
  operationId: 'leaveRoom',
  tags,
  summary: 'Be a member no longer',
  description: 'Closes one’s sockets in the room.',
  params,
  response: { 204: nothing, ...changeErrors('RoomNotFound', 'NotMember', 'DefaultRoom', 'OwnerCannotLeave') },
}

const handOver = {
  operationId: 'handOverRoom',
  tags,
  summary: 'Make another member the owner',
  params,
  body: OwnerBody,
  response: {
    200: Room,
    ...changeErrors('RoomNotFound', 'NotOwner', 'UserNotFound', 'MemberNotFound'),
  },
}

export default (async fastify => {
  fastify.get('', { schema: get }, ({ params, username }) => fastify.rooms.get(params.id, username))

  fastify.delete('', { schema: remove }, async ({ params, username }, reply) => {
    await fastify.rooms.remove(params.id, username)
    return reply.code(204).send(null)
  })

  fastify.post('/join', { schema: join, preHandler: fastify.limits.roomPasswordTry }, ({ params, body, username }) =>
    fastify.rooms.join(params.id, username, body?.password),
  )

  fastify.post('/leave', { schema: leave }, async ({ params, username }, reply) => {
    await fastify.rooms.leave(params.id, username)
    return reply.code(204).send(null)
  })

  fastify.put('/owner', { schema: handOver }, ({ params, body, username }) =>
    fastify.rooms.handOver(params.id, username, body.username),
  )
}) satisfies FastifyPluginAsyncTypebox
