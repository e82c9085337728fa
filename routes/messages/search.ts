import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { readErrors } from '../../schemas/error.js'
import { OwnSearchPage, OwnSearchQuery } from '../../schemas/message.js'

const search = {
  operationId: 'searchOwnMessages',
  tags: ['messages'],
  summary: 'Search messages in all your rooms',
  description:
    'Finds messages like `searchMessages`, in all rooms of the authenticated user: the newest matches, in ascending order of `created_at`. To find older ones, search in one room.',
  querystring: OwnSearchQuery,
  response: { 200: { ...OwnSearchPage, description: 'The newest matches' }, ...readErrors() },
}

export default (async fastify => {
  fastify.get('/search', { schema: search }, ({ query, username }) => fastify.messageSearch.findInOwn(username, query))
}) satisfies FastifyPluginAsyncTypebox
