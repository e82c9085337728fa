import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import type { Identity } from '../../plugins/auth/index.js'
import { prices } from '../../plugins/budgets/index.js'
import { changeErrors, readErrors } from '../../schemas/error.js'
import { paged } from '../../schemas/paging.js'
import { SessionList, SessionPage, SessionParams } from '../../schemas/user.js'
import { limits as wire } from '../../schemas/wire.js'

const tags = ['auth']

const list = {
  summary: 'List your sessions',
  description: 'Returns the sessions in which you are logged in, in no particular order, with device and address.',
  operationId: 'listSessions',
  tags,
  querystring: SessionList,
  response: { 200: paged(SessionPage, 'A page of sessions'), ...readErrors() },
}

const end = {
  summary: 'End a session',
  description:
    'Within a second, every server rejects the tokens of the session and closes its sockets. The current session can be ended, too.',
  operationId: 'endSession',
  tags,
  params: SessionParams,
  response: { 204: Type.Null({ description: 'The session has ended' }), ...changeErrors('SessionNotFound') },
}

const endOthers = {
  summary: 'End all other sessions',
  description: 'Ends every session except the current one.',
  operationId: 'endOtherSessions',
  tags,
  response: { 204: Type.Null({ description: 'The other sessions have ended' }), ...changeErrors() },
}

export default (async fastify => {
  const { auth } = fastify
  const config = { audit: 'session_ended' as const }

  fastify.get('/sessions', { schema: list }, async (request, reply) => {
    const { query, identity } = request
    await request.turn((query.limit ?? wire.PAGE_DEFAULT) * prices.listed_session)
    const page = await auth.listSessions(identity as Identity, query)
    const last = page.sessions.at(-1)
    reply.linkNext(page.has_more && last ? { after: last.id } : undefined)
    return page
  })

  fastify.delete('/sessions', { schema: endOthers, config }, async (request, reply) => {
    await request.turn((await auth.endOtherSessions(request.identity as Identity)) * prices.ended_session)
    return reply.code(204).send(null)
  })

  fastify.delete('/sessions/:session_id', { schema: end, config }, async (request, reply) => {
    await auth.endSession(request.identity as Identity, request.params.session_id)
    return reply.code(204).send(null)
  })
}) satisfies FastifyPluginAsyncTypebox
