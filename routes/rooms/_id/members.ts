import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { prices } from '../../../plugins/budgets/index.js'
import { changeErrors, readErrors } from '../../../schemas/error.js'
import { MemberList, MemberPage } from '../../../schemas/member.js'
import { RoleBody } from '../../../schemas/moderation.js'
import { paged } from '../../../schemas/paging.js'
import { MemberParams, Room, RoomParams } from '../../../schemas/room.js'
import { limits as wire } from '../../../schemas/wire.js'

const tags = ['members']

const list = {
  operationId: 'listMembers',
  tags,
  summary: 'List members',
  description:
    'Returns the members of the room, sorted by username, and whether each is online. Only members can list them.',
  params: RoomParams,
  querystring: MemberList,
  response: {
    200: paged(MemberPage, 'A page of members'),
    ...readErrors('RoomNotFound', 'NotMember'),
  },
}

const add = {
  operationId: 'addMember',
  tags,
  summary: 'Add a member',
  description:
    'Only the owner can add members. This is the only way into a private room without a password. Adding a member again is not an error.',
  params: MemberParams,
  response: {
    200: { ...Room, description: 'The room with its new member' },
    ...changeErrors('RoomNotFound', 'NotOwner', 'UserNotFound', 'Banned', 'AddingRefused', 'RoomFull'),
  },
}

const remove = {
  operationId: 'removeMember',
  tags,
  summary: 'Remove a member',
  description:
    'Moderators can remove members, and the owner can remove moderators. The sockets of the removed user leave the room and receive nothing that is sent afterwards.',
  params: MemberParams,
  response: {
    204: Type.Null({ description: 'The member was removed' }),
    ...changeErrors(
      'RoomNotFound',
      'NotModerator',
      'UserNotFound',
      'MemberNotFound',
      'DefaultRoom',
      'OwnerCannotLeave',
    ),
  },
}

const setRole = {
  operationId: 'setRole',
  tags,
  summary: 'Appoint or dismiss a moderator',
  description: 'Only the owner can, but moderators can step down. Setting the role that a member has is not an error.',
  params: MemberParams,
  body: RoleBody,
  response: {
    204: Type.Null({ description: 'The member has this role' }),
    ...changeErrors('RoomNotFound', 'NotMember', 'NotOwner', 'UserNotFound', 'MemberNotFound', 'OwnerCannotLeave'),
  },
}

export default (async fastify => {
  fastify.get('/members', { schema: list }, async (request, reply) => {
    const { params, query, username } = request
    await request.turn((query.limit ?? wire.PAGE_DEFAULT) * prices.listed_member)
    const page = await fastify.rooms.members(params.id, username, query)
    const last = page.members.at(-1)
    reply.linkNext(page.has_more && last ? { after: last.username } : undefined)
    return page
  })

  fastify.put('/members/:username', { schema: add }, ({ params, username }) =>
    fastify.rooms.addMember(params.id, username, params.username),
  )

  fastify.put(
    '/members/:username/role',
    { schema: setRole, config: { audit: 'role_changed' } },
    async ({ params, body, username }, reply) => {
      await fastify.rooms.setRole(params.id, username, params.username, body.role)
      return reply.code(204).send(null)
    },
  )

  fastify.delete(
    '/members/:username',
    { schema: remove, config: { audit: 'member_removed' } },
    async ({ params, username }, reply) => {
      await fastify.rooms.removeMember(params.id, username, params.username)
      return reply.code(204).send(null)
    },
  )
}) satisfies FastifyPluginAsyncTypebox
