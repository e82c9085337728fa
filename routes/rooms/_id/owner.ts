import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { changeErrors } from '../../../schemas/error.js'
import { OwnerBody } from '../../../schemas/membership.js'
import { Room, RoomParams } from '../../../schemas/room.js'

const handOver = {
  operationId: 'handOverRoom',
  tags: ['members'],
  summary: 'Transfer ownership',
  description: 'Makes another member the owner of the room. Only the current owner can do this.',
  params: RoomParams,
  body: OwnerBody,
  response: {
    200: { ...Room, description: 'The room with its new owner' },
    ...changeErrors('RoomNotFound', 'NotOwner', 'UserNotFound', 'MemberNotFound', 'DefaultRoom'),
  },
}

export default (async fastify => {
  fastify.put('/owner', { schema: handOver, config: { audit: 'owner_changed' } }, ({ params, body, username }) =>
    fastify.rooms.handOver(params.id, username, body.username),
  )
}) satisfies FastifyPluginAsyncTypebox
