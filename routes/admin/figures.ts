import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { readFigures } from '../../plugins/administration/index.js'
import { prices } from '../../plugins/budgets/index.js'
import { Figures } from '../../schemas/administration.js'
import { adminErrors } from '../../schemas/error.js'

const read = {
  summary: 'Get live figures',
  description: 'What the server that answers has to say of itself, from its metrics.',
  operationId: 'getFigures',
  tags: ['admin'],
  response: { 200: Figures, ...adminErrors() },
}

export default (async fastify => {
  fastify.get('/figures', { schema: read }, async request => {
    await request.turn(prices.figures)
    return readFigures(fastify)
  })
}) satisfies FastifyPluginAsyncTypebox
