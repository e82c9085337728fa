import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { prices } from '../../../plugins/budgets/index.js'
import { changeErrors, readErrors } from '../../../schemas/error.js'
import { MemberList } from '../../../schemas/member.js'
import { BanPage, Restricting } from '../../../schemas/moderation.js'
import { paged } from '../../../schemas/paging.js'
import { MemberParams, RoomParams } from '../../../schemas/room.js'
import { limits as wire } from '../../../schemas/wire.js'

const tags = ['moderation']

const list = {
  operationId: 'listBans',
  tags,
  summary: 'List bans',
  description: 'The users who are banned now, sorted by username. Only moderators can list them.',
  params: RoomParams,
  querystring: MemberList,
  response: { 200: paged(BanPage, 'A page of bans'), ...readErrors('RoomNotFound', 'NotModerator') },
}

const ban = {
  operationId: 'banUser',
  tags,
  summary: 'Ban a user',
  description:
    'Ends the membership and keeps the user out, whether or not they were a member, until a time or for good. Moderators ban members, the owner also moderators. A ban of a banned user replaces the first one.',
  params: MemberParams,
  body: Restricting,
  response: {
    204: Type.Null({ description: 'The user is banned' }),
    ...changeErrors('RoomNotFound', 'NotModerator', 'UserNotFound', 'DefaultRoom'),
  },
}

const unban = {
  operationId: 'unbanUser',
  tags,
  summary: 'Lift a ban',
  description: 'The user can join again. Lifting a ban that does not exist is not an error.',
  params: MemberParams,
  response: {
    204: Type.Null({ description: 'The user is not banned' }),
    ...changeErrors('RoomNotFound', 'NotModerator', 'UserNotFound'),
  },
}

export default (async fastify => {
  fastify.get('/bans', { schema: list }, async (request, reply) => {
    const { params, query, username } = request
    await request.turn((query.limit ?? wire.PAGE_DEFAULT) * prices.listed_member)
    const page = await fastify.rooms.bans(params.id, username, query)
    reply.linkNext(page.next === undefined ? undefined : { after: page.next })
    return page
  })

  fastify.put(
    '/bans/:username',
    { schema: ban, config: { audit: 'user_banned' } },
    async ({ params, body, username }, reply) => {
      await fastify.rooms.ban(params.id, username, params.username, body)
      return reply.code(204).send(null)
    },
  )

  fastify.delete(
    '/bans/:username',
    { schema: unban, config: { audit: 'user_unbanned' } },
    async ({ params, username }, reply) => {
      await fastify.rooms.unban(params.id, username, params.username)
      return reply.code(204).send(null)
    },
  )
}) satisfies FastifyPluginAsyncTypebox
