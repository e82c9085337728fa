import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import type { Identity } from '../../../../plugins/auth/index.js'
import { prices } from '../../../../plugins/budgets/index.js'
import { adminChangeErrors, adminErrors } from '../../../../schemas/error.js'
import { paged } from '../../../../schemas/paging.js'
import { SessionList, SessionPage, SessionParams, Username } from '../../../../schemas/user.js'
import { limits as wire } from '../../../../schemas/wire.js'

const params = Type.Object({ username: Username })

const list = {
  summary: 'List the sessions of a user',
  description: 'Returns the sessions in which the user is logged in, in no particular order, with device and address.',
  operationId: 'listSessionsOf',
  tags: ['admin'],
  params,
  querystring: SessionList,
  response: { 200: paged(SessionPage, 'A page of sessions'), ...adminErrors('UserNotFound') },
}

const endAll = {
  summary: 'End all sessions of a user',
  operationId: 'endSessionsOf',
  tags: ['admin'],
  params,
  response: { 204: Type.Null({ description: 'The sessions have ended' }), ...adminChangeErrors('UserNotFound') },
}

const end = {
  summary: 'End a session of a user',
  operationId: 'endSessionOf',
  tags: ['admin'],
  params: Type.Composite([params, SessionParams]),
  response: {
    204: Type.Null({ description: 'The session has ended' }),
    ...adminChangeErrors('UserNotFound', 'SessionNotFound'),
  },
}

export default (async fastify => {
  const { administration } = fastify
  const config = { audit: 'session_ended' as const }

  fastify.get('/sessions', { schema: list }, async (request, reply) => {
    const { params, query, identity } = request
    await request.turn((query.limit ?? wire.PAGE_DEFAULT) * prices.listed_session)
    const page = await administration.sessions(identity as Identity, params.username, query)
    const last = page.sessions.at(-1)
    reply.linkNext(page.has_more && last ? { after: last.id } : undefined)
    return page
  })

  fastify.delete('/sessions', { schema: endAll, config }, async (request, reply) => {
    await request.turn(prices.append)
    const ended = await administration.endSessions(request.actor, request.params.username)
    await request.turn(ended * prices.ended_session)
    return reply.code(204).send(null)
  })

  fastify.delete('/sessions/:session_id', { schema: end, config }, async (request, reply) => {
    const { actor, identity, params } = request
    await request.turn(prices.append + prices.ended_session)
    await administration.endSession(actor, identity as Identity, params.username, params.session_id)
    return reply.code(204).send(null)
  })
}) satisfies FastifyPluginAsyncTypebox
