import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { prices } from '../../../plugins/budgets/index.js'
import { readErrors } from '../../../schemas/error.js'
import { Reads } from '../../../schemas/read-counts.js'
import { RoomParams } from '../../../schemas/room.js'
import { limits } from '../../../schemas/wire.js'

const list = {
  operationId: 'listReads',
  tags: ['messages'],
  summary: 'List the read marks of all members',
  description:
    'For the number of members who have not read a message: those whose mark is below its `id`, without its author. A new member’s mark is at the event of joining, so a count only falls. Only in rooms of at most 100 members, unless the owner turned `read_counts` off. The frame `seen` tells of marks that moved; it can be lost, so list them again after a reconnect.',
  params: RoomParams,
  response: {
    200: { ...Reads, description: 'The read marks' },
    ...readErrors('RoomNotFound', 'NotMember', 'ReadCountsOff'),
  },
}

export default (async fastify => {
  fastify.get('/reads', { schema: list }, async (request, reply) => {
    await request.turn(limits.READS_MAX * prices.examined_room)
    reply.header('cache-control', 'no-store')
    return fastify.rooms.reads(request.params.id, request.username)
  })
}) satisfies FastifyPluginAsyncTypebox
