import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { changeErrors, readErrors } from '../../../schemas/error.js'
import { Profile, ProfileChange } from '../../../schemas/user.js'

const read = {
  summary: 'Get your profile',
  operationId: 'getOwnProfile',
  tags: ['users'],
  response: { 200: { ...Profile, description: 'Your profile' }, ...readErrors() },
}

const change = {
  summary: 'Update your profile',
  description:
    'Properties that are left out keep their values. Sockets in the rooms in which the user is online receive a `profile` frame.',
  operationId: 'changeProfile',
  tags: ['users'],
  body: ProfileChange,
  response: { 200: { ...Profile, description: 'The updated profile' }, ...changeErrors() },
}

export default (async fastify => {
  fastify.get('/profile', { schema: read }, ({ username }) => fastify.users.profile(username))

  fastify.put('/profile', { schema: change }, ({ username, body }) => fastify.users.change(username, body))
}) satisfies FastifyPluginAsyncTypebox
