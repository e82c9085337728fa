import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { LISTED_SCANNED_MAX } from '../../../plugins/administration/index.js'
import { prices } from '../../../plugins/budgets/index.js'
import { AdminRoomList, AdminRoomPage } from '../../../schemas/administration.js'
import { adminErrors } from '../../../schemas/error.js'
import { paged } from '../../../schemas/paging.js'

const list = {
  summary: 'List all rooms',
  description:
    'Returns the rooms whose name begins with `q`, private ones too, by id. Direct conversations are left out. A page may have fewer rooms than `limit`, even none, and yet lead to a next one.',
  operationId: 'listAllRooms',
  tags: ['admin'],
  querystring: AdminRoomList,
  response: { 200: paged(AdminRoomPage, 'A page of rooms'), ...adminErrors() },
}

export default (async fastify => {
  fastify.get('', { schema: list }, async (request, reply) => {
    await request.turn(LISTED_SCANNED_MAX * prices.scanned_row)
    const page = await fastify.administration.listRooms(request.query)
    reply.linkNext(page.next === undefined ? undefined : { after: page.next })
    return page
  })
}) satisfies FastifyPluginAsyncTypebox
