import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { prices } from '../../../plugins/budgets/index.js'
import { changeErrors, readErrors } from '../../../schemas/error.js'
import { InviteCreation, InviteList, InvitePage, InviteParams, InvitesOf, NewInvite } from '../../../schemas/invite.js'
import { paged } from '../../../schemas/paging.js'
import { RoomParams } from '../../../schemas/room.js'
import { limits as wire } from '../../../schemas/wire.js'

const tags = ['invitations']

const list = {
  operationId: 'listInvites',
  tags,
  summary: 'List invitations',
  description:
    'All invitations of the room, newest first, also those that have ended, with the users who joined by them. Only moderators can list them.',
  params: RoomParams,
  querystring: InviteList,
  response: { 200: paged(InvitePage, 'A page of invitations'), ...readErrors('RoomNotFound', 'NotModerator') },
}

const create = {
  operationId: 'createInvite',
  tags,
  summary: 'Create an invitation',
  description:
    'Returns a code with which users join the room, even if it is private or has a password. The server keeps only its hash. Only moderators can create one; it stays valid if its creator leaves or is dismissed. A room has at most 100 that can be used.',
  params: RoomParams,
  body: InviteCreation,
  response: {
    201: { ...NewInvite, description: 'The invitation, with its code' },
    ...changeErrors('RoomNotFound', 'NotModerator', 'DefaultRoom', 'TooManyInvitations'),
  },
}

const revoke = {
  operationId: 'revokeInvite',
  tags,
  summary: 'Revoke an invitation',
  description:
    'Nobody can join by it any more. Any moderator can revoke it. Revoking one that has ended is not an error.',
  params: InviteParams,
  response: {
    204: Type.Null({ description: 'The invitation cannot be used' }),
    ...changeErrors('RoomNotFound', 'NotModerator', 'InvitationNotFound'),
  },
}

const revokeAll = {
  operationId: 'revokeInvitesOf',
  tags,
  summary: 'Revoke all invitations of one user',
  description: 'For example after dismissing or banning a moderator, whose invitations stay valid otherwise.',
  params: RoomParams,
  querystring: InvitesOf,
  response: {
    204: Type.Null({ description: 'None of them can be used' }),
    ...changeErrors('RoomNotFound', 'NotModerator'),
  },
}

export default (async fastify => {
  const { rooms } = fastify

  fastify.get('/invites', { schema: list }, async (request, reply) => {
    const { params, query, username } = request
    await request.turn((query.limit ?? wire.PAGE_DEFAULT) * prices.listed_invite)
    const page = await rooms.invites(params.id, username, query)
    reply.linkNext(page.next === undefined ? undefined : { before: page.next })
    return page
  })

  fastify.post('/invites', { schema: create, config: { audit: 'invitation_made' } }, async (request, reply) => {
    const made = await rooms.invite(request.params.id, request.username, request.body)
    return reply.code(201).send(made)
  })

  fastify.delete(
    '/invites/:invite',
    { schema: revoke, config: { audit: 'invitation_revoked' } },
    async (request, reply) => {
      await rooms.revokeInvite(request.params.id, request.username, request.params.invite)
      return reply.code(204).send(null)
    },
  )

  fastify.delete('/invites', { schema: revokeAll, config: { audit: 'invitation_revoked' } }, async (request, reply) => {
    await rooms.revokeInvitesOf(request.params.id, request.username, request.query.created_by)
    return reply.code(204).send(null)
  })
}) satisfies FastifyPluginAsyncTypebox
