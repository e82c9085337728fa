import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { changeErrors } from '../../../schemas/error.js'
import { Profile, ProfileChange } from '../../../schemas/user.js'

const change = {
  summary: `Change one's own profile`,
  description: 'Only what is given changes. Rooms that one is online in are told.',
  operationId: 'changeProfile',
  tags: ['users'],
  body: ProfileChange,
  response: { 200: Profile, ...changeErrors() },
}

export default (async fastify => {
  fastify.put('/profile', { schema: change }, async ({ username, body }) => {
    const user = await fastify.users.change(username, body)
    return { ...user, online: await fastify.presence.isOnline(user.username) }
  })
}) satisfies FastifyPluginAsyncTypebox
