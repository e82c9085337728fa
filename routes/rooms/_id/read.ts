import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { changeErrors } from '../../../schemas/error.js'
import { ReadBody, ReadMark, RoomParams } from '../../../schemas/room.js'

const read = {
  operationId: 'markRead',
  tags: ['messages'],
  summary: 'Move one’s read mark forward',
  description: 'It never goes back. Rooms carry `last_read_seq` and `unread`.',
  params: RoomParams,
  body: ReadBody,
  response: { 200: ReadMark, ...changeErrors('RoomNotFound', 'NotMember') },
}

export default (async fastify => {
  fastify.put('/read', { schema: read }, async ({ params, body, username }) => {
    const mark = await fastify.rooms.markRead(params.id, username, body.seq)
    fastify.ws.toUser(username, { type: 'read', ...mark })
    return mark
  })
}) satisfies FastifyPluginAsyncTypebox
