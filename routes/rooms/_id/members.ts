import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { changeErrors, readErrors } from '../../../schemas/error.js'
import { MemberList, MemberPage, MemberParams, Room, RoomParams } from '../../../schemas/room.js'

const tags = ['members']

const list = {
  operationId: 'listMembers',
  tags,
  summary: 'A page of members, by username',
  params: RoomParams,
  querystring: MemberList,
  response: { 200: MemberPage, ...readErrors('RoomNotFound', 'NotMember') },
}

const add = {
  operationId: 'addMember',
  tags,
  summary: 'Add a member to a room of one’s own',
  description: 'Into a private room without a password the only way.',
  params: MemberParams,
  response: { 200: Room, ...changeErrors('RoomNotFound', 'NotOwner', 'UserNotFound', 'RoomFull') },
}

const remove = {
  operationId: 'removeMember',
  tags,
  summary: 'Remove a member from a room of one’s own',
  description: 'Ends that user’s sockets in the room; nothing that is said afterwards reaches them.',
  params: MemberParams,
  response: {
    204: Type.Null({ description: 'Done' }),
    ...changeErrors('RoomNotFound', 'NotOwner', 'UserNotFound', 'MemberNotFound', 'DefaultRoom', 'OwnerCannotLeave'),
  },
}

export default (async fastify => {
  fastify.get('/members', { schema: list }, ({ params, query, username }) =>
    fastify.rooms.members(params.id, username, query),
  )

  fastify.put('/members/:username', { schema: add }, ({ params, username }) =>
    fastify.rooms.addMember(params.id, username, params.username),
  )

  fastify.delete('/members/:username', { schema: remove }, async ({ params, username }, reply) => {
    await fastify.rooms.removeMember(params.id, username, params.username)
    return reply.code(204).send(null)
  })
}) satisfies FastifyPluginAsyncTypebox
