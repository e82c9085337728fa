import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { prices } from '../../plugins/budgets/index.js'
import { priceOfEncoding } from '../../plugins/messages/index.js'
import { readErrors } from '../../schemas/error.js'
import { MentionsPage, MentionsQuery } from '../../schemas/message.js'
import { paged } from '../../schemas/paging.js'
import { limits as wire } from '../../schemas/wire.js'

const list = {
  operationId: 'listMentions',
  tags: ['messages'],
  summary: 'List mentions of you',
  description:
    'Returns messages that mention the authenticated user by name, or everybody since the user is a member, newest first, over all rooms of which the user is a member now. A message that no longer mentions the user is left out, and so are deleted messages and those of users whom the user blocks. A page may contain fewer messages than `limit`, even none, and yet have `next_before`.',
  querystring: MentionsQuery,
  response: { 200: paged(MentionsPage, 'A page of mentions'), ...readErrors() },
}

export default (async fastify => {
  fastify.get('', { schema: list }, async (request, reply) => {
    const { query, username } = request
    await request.turn((query.limit ?? wire.PAGE_DEFAULT) * prices.read_message)
    const { examined, ...page } = await fastify.messages.mentions(username, query)
    await request.turn(priceOfEncoding(page.messages) + examined * prices.examined_room)
    reply.linkNext(page.next_before === undefined ? undefined : { before: page.next_before })
    return page
  })
}) satisfies FastifyPluginAsyncTypebox
