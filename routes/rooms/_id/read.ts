import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { changeErrors } from '../../../schemas/error.js'
import { ReadBody, ReadMark } from '../../../schemas/read-mark.js'
import { RoomParams } from '../../../schemas/room.js'

const read = {
  operationId: 'markRead',
  tags: ['messages'],
  summary: 'Mark messages as read',
  description:
    'Moves the read mark of the authenticated user forward to `seq` and tells the user’s open sockets. A mark never moves back; a smaller `seq` has no effect. Rooms show it as `last_read_seq` and `unread`.',
  params: RoomParams,
  body: ReadBody,
  response: { 200: { ...ReadMark, description: 'The read mark' }, ...changeErrors('RoomNotFound', 'NotMember') },
}

export default (async fastify => {
  fastify.put('/read', { schema: read }, ({ params, body, username }) =>
    fastify.rooms.markRead(params.id, username, body.seq),
  )
}) satisfies FastifyPluginAsyncTypebox
