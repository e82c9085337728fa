import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { prices } from '../../plugins/budgets/index.js'
import { changeErrors } from '../../schemas/error.js'
import { InviteUse } from '../../schemas/invite.js'
import { Room } from '../../schemas/room.js'

const join = {
  operationId: 'joinByInvite',
  tags: ['invitations'],
  summary: 'Join a room by an invitation',
  description:
    'Makes the authenticated user a member, even of a private room or one with a password. A member who joins again uses nothing. A banned user is refused.',
  body: InviteUse,
  response: {
    200: { ...Room, description: 'The room that was joined' },
    ...changeErrors('InvitationInvalid', 'Banned', 'RoomFull'),
  },
}

export default (async fastify => {
  const { limits, requireIdentity, rooms } = fastify
  const config = { rateLimit: limits.invitations, audit: 'invitation_used' as const }
  fastify.post('/join', { schema: join, config, onRequest: requireIdentity }, async request => {
    await request.turn(prices.listed_room)
    return rooms.joinByInvite(request.body.code, request.username)
  })
}) satisfies FastifyPluginAsyncTypebox
