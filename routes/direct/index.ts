import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { prices } from '../../plugins/budgets/index.js'
import { DirectBefore, DirectBody } from '../../schemas/direct.js'
import { changeErrors, readErrors } from '../../schemas/error.js'
import { PageLimit, paged } from '../../schemas/paging.js'
import { Room } from '../../schemas/room.js'
import { limits as wire } from '../../schemas/wire.js'

const tags = ['direct']

const list = {
  operationId: 'listDirect',
  tags,
  summary: 'List direct conversations',
  description:
    'Returns the direct conversations of the authenticated user, the latest message first. A conversation is listed once something was said in it; leaving it takes it off the list until something new is said. `GET /rooms` never lists them.',
  querystring: Type.Object({ limit: PageLimit, before: Type.Optional(DirectBefore) }, { additionalProperties: false }),
  response: { 200: paged(Type.Array(Room), 'A page of direct conversations'), ...readErrors() },
}

const open = {
  operationId: 'openDirect',
  tags,
  summary: 'Open a direct conversation',
  description:
    'Answers the one conversation of exactly these users and you, and creates it if it does not exist. The others notice nothing until something is said. Only its members ever see it; nobody is added or removed.',
  body: DirectBody,
  response: {
    200: { ...Room, description: 'The conversation' },
    ...changeErrors('UserNotFound', 'Blocked', 'Oneself', 'DirectTooLarge'),
  },
}

export default (async fastify => {
  fastify.get('', { schema: list }, async (request, reply) => {
    const { query, username } = request
    const { limit = wire.PAGE_DEFAULT, before } = query
    await request.turn(limit * prices.listed_room)
    const page = await fastify.rooms.listDirect(username, { limit, ...(before !== undefined && { before }) })
    await request.turn(page.examined * prices.examined_room)
    reply.linkNext(page.next === undefined ? undefined : { before: page.next })
    return page.rooms
  })

  const { directCreation } = fastify.limits
  fastify.post('', { schema: open }, async request => {
    const { body, username } = request
    await request.turn(body.usernames.length * prices.append)
    return fastify.rooms.openDirect(username, body.usernames, create => directCreation(username, create))
  })
}) satisfies FastifyPluginAsyncTypebox
