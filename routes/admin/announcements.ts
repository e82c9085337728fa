import { randomUUID } from 'node:crypto'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { prices } from '../../plugins/budgets/index.js'
import { priceOfMentions } from '../../plugins/messages/index.js'
import { Announcing } from '../../schemas/administration.js'
import { adminChangeErrors, rateLimited } from '../../schemas/error.js'
import { Message } from '../../schemas/message.js'

const announce = {
  summary: 'Announce something',
  description:
    'Says something in the default room for the server. It is a message of yours with `announcement`, which no other request can set, so you can edit and delete it as any other.',
  operationId: 'announce',
  tags: ['admin'],
  body: Announcing,
  response: {
    201: { ...Message, description: 'The announcement' },
    ...adminChangeErrors('Muted', 'TooManyMentions', 'ClientIdReused'),
  },
}

export default (async fastify => {
  const { administration, limits } = fastify
  const config = { audit: 'announced' as const }
  fastify.post('/announcements', { schema: announce, config }, async (request, reply) => {
    const { text, client_id = randomUUID() } = request.body
    const wait_ms = limits.sends(request.username)
    if (wait_ms > 0) throw rateLimited(wait_ms)
    await request.turn(2 * prices.append + priceOfMentions(text))
    reply.code(201)
    return administration.announce(request.actor, { client_id, text })
  })
}) satisfies FastifyPluginAsyncTypebox
