import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { prices } from '../../plugins/budgets/index.js'
import { AuditPage, AuditQuery } from '../../schemas/administration.js'
import { adminErrors } from '../../schemas/error.js'
import { paged } from '../../schemas/paging.js'
import { limits as wire } from '../../schemas/wire.js'

const list = {
  summary: 'List the audit log',
  description:
    'What administrators and `talkie` commands did: who, what, to whom, when, and from which address, newest first. An act is entered before it happens, so it may have failed. Entries are kept for `AUDIT_KEEP_DAYS`.',
  operationId: 'listAudit',
  tags: ['admin'],
  querystring: AuditQuery,
  response: { 200: paged(AuditPage, 'A page of the audit log'), ...adminErrors() },
}

export default (async fastify => {
  fastify.get('/audit', { schema: list }, async (request, reply) => {
    const { query } = request
    await request.turn((query.limit ?? wire.PAGE_DEFAULT) * prices.listed_member)
    const page = await fastify.administration.audit(query)
    reply.linkNext(page.next_before === undefined ? undefined : { before: page.next_before })
    return page
  })
}) satisfies FastifyPluginAsyncTypebox
