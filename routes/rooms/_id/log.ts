import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { prices } from '../../../plugins/budgets/index.js'
import { LOG_SCANNED_MAX } from '../../../plugins/rooms/index.js'
import { readErrors } from '../../../schemas/error.js'
import { LogPage, LogQuery } from '../../../schemas/log-entry.js'
import { paged } from '../../../schemas/paging.js'
import { RoomParams } from '../../../schemas/room.js'

const list = {
  operationId: 'listModerationLog',
  tags: ['moderation'],
  summary: 'List the moderation log',
  description:
    'Who did what to whom, and why: removals, bans, mutes, roles, settings, invitations, and deletions by moderators, newest first. Only moderators can list it. A page may have fewer entries than `limit`, even none, and yet lead to a next one.',
  params: RoomParams,
  querystring: LogQuery,
  response: { 200: paged(LogPage, 'A page of the moderation log'), ...readErrors('RoomNotFound', 'NotModerator') },
}

export default (async fastify => {
  fastify.get('/log', { schema: list }, async (request, reply) => {
    const { params, query, username } = request
    await request.turn(LOG_SCANNED_MAX * prices.replayed_event)
    const page = await fastify.rooms.moderationLog(params.id, username, query)
    reply.linkNext(page.next_before === undefined ? undefined : { before: page.next_before })
    return page
  })
}) satisfies FastifyPluginAsyncTypebox
