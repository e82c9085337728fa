import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { readErrors } from '../../../schemas/error.js'
import { Profile, Username } from '../../../schemas/user.js'

const read = {
  summary: 'Get a user’s profile',
  operationId: 'getProfile',
  tags: ['users'],
  params: Type.Object({ username: Username }),
  response: { 200: { ...Profile, description: 'The profile' }, ...readErrors('UserNotFound') },
}

export default (async fastify => {
  fastify.get('/profile', { schema: read }, ({ params }) => fastify.users.profile(params.username))
}) satisfies FastifyPluginAsyncTypebox
