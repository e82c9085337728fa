import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { LISTED_SCANNED_MAX } from '../../../plugins/administration/index.js'
import { prices } from '../../../plugins/budgets/index.js'
import { AdminUserList, AdminUserPage } from '../../../schemas/administration.js'
import { adminErrors } from '../../../schemas/error.js'
import { paged } from '../../../schemas/paging.js'

const list = {
  summary: 'List users',
  description:
    'Returns the accounts whose username or display name begins with `q`, by username, without deleted ones. A page may have fewer users than `limit`, even none, and yet lead to a next one.',
  operationId: 'listUsers',
  tags: ['admin'],
  querystring: AdminUserList,
  response: { 200: paged(AdminUserPage, 'A page of users'), ...adminErrors() },
}

export default (async fastify => {
  fastify.get('', { schema: list }, async (request, reply) => {
    await request.turn(LISTED_SCANNED_MAX * prices.scanned_row)
    const page = await fastify.administration.users(request.query)
    reply.linkNext(page.next === undefined ? undefined : { after: page.next })
    return page
  })
}) satisfies FastifyPluginAsyncTypebox
