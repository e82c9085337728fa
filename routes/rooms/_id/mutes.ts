import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { changeErrors } from '../../../schemas/error.js'
import { Restricting } from '../../../schemas/moderation.js'
import { MemberParams } from '../../../schemas/room.js'

const tags = ['moderation']

const mute = {
  operationId: 'muteUser',
  tags,
  summary: 'Mute a user',
  description:
    'A muted member reads, but cannot send, edit or reply until the mute ends. It outlasts leaving and joining again. Moderators mute members, the owner also moderators.',
  params: MemberParams,
  body: Restricting,
  response: {
    204: Type.Null({ description: 'The user is muted' }),
    ...changeErrors('RoomNotFound', 'NotModerator', 'UserNotFound'),
  },
}

const unmute = {
  operationId: 'unmuteUser',
  tags,
  summary: 'End a mute',
  description: 'Ending a mute that does not exist is not an error.',
  params: MemberParams,
  response: {
    204: Type.Null({ description: 'The user is not muted' }),
    ...changeErrors('RoomNotFound', 'NotModerator', 'UserNotFound'),
  },
}

export default (async fastify => {
  fastify.put(
    '/mutes/:username',
    { schema: mute, config: { audit: 'user_muted' } },
    async ({ params, body, username }, reply) => {
      await fastify.rooms.mute(params.id, username, params.username, body)
      return reply.code(204).send(null)
    },
  )

  fastify.delete(
    '/mutes/:username',
    { schema: unmute, config: { audit: 'user_unmuted' } },
    async ({ params, username }, reply) => {
      await fastify.rooms.unmute(params.id, username, params.username)
      return reply.code(204).send(null)
    },
  )
}) satisfies FastifyPluginAsyncTypebox
