import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { prices } from '../../plugins/budgets/index.js'
import { errorAnswers } from '../../schemas/error.js'
import { Invited, InviteUse } from '../../schemas/invite.js'

const look = {
  operationId: 'lookAtInvite',
  tags: ['invitations'],
  summary: 'Look at an invitation',
  description:
    'What a link shows: the room and who invited. Changes nothing, and needs no login. An unknown, expired, used-up or revoked code gets one answer.',
  security: [],
  body: InviteUse,
  response: {
    200: { ...Invited, description: 'The room that the code opens' },
    ...errorAnswers('BadRequest', 'OriginRefused', 'BodyTooLarge', 'MediaTypeRefused', 'RateLimited'),
    ...errorAnswers('Internal', 'StoreUnavailable', 'InvitationInvalid'),
  },
}

export default (async fastify => {
  const { limits, rooms } = fastify
  fastify.post('/look', { schema: look, config: { rateLimit: limits.invitations } }, async request => {
    await request.turn(prices.listed_room)
    return rooms.look(request.body.code, request.identity?.username)
  })
}) satisfies FastifyPluginAsyncTypebox
