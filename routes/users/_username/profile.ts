import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { readErrors } from '../../../schemas/error.js'
import { Profile, Username } from '../../../schemas/user.js'

const read = {
  summary: `A user's profile`,
  operationId: 'getProfile',
  tags: ['users'],
  params: Type.Object({ username: Username }),
  response: { 200: Profile, ...readErrors('UserNotFound') },
}

export default (async fastify => {
  fastify.get('/profile', { schema: read }, async ({ params }) => {
    const user = await fastify.users.read(params.username)
    return { ...user, online: await fastify.presence.isOnline(user.username) }
  })
}) satisfies FastifyPluginAsyncTypebox
