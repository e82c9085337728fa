import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { prices } from '../../../plugins/budgets/index.js'
import { Block } from '../../../schemas/direct.js'
import { changeErrors, readErrors } from '../../../schemas/error.js'
import { Username } from '../../../schemas/user.js'
import { limits } from '../../../schemas/wire.js'

const tags = ['direct']
const params = Type.Object({ username: Username })

const list = {
  operationId: 'listBlocks',
  tags,
  summary: 'List the users whom you block',
  description: 'By username; at most 500.',
  response: { 200: Type.Array(Block, { description: 'The users whom you block' }), ...readErrors() },
}

const block = {
  operationId: 'blockUser',
  tags,
  summary: 'Block a user',
  description:
    'Neither of you can write to your conversation of two any more. The user can neither add you to rooms nor open a conversation with you and others. Blocking a user again is not an error.',
  params,
  response: {
    204: Type.Null({ description: 'The user is blocked' }),
    ...changeErrors('UserNotFound', 'Oneself', 'TooManyBlocks'),
  },
}

const unblock = {
  operationId: 'unblockUser',
  tags,
  summary: 'Unblock a user',
  description: 'Unblocking a user whom you do not block is not an error.',
  params,
  response: { 204: Type.Null({ description: 'The user is not blocked' }), ...changeErrors('UserNotFound') },
}

export default (async fastify => {
  fastify.get('/blocks', { schema: list }, async request => {
    await request.turn(limits.BLOCKS_MAX * prices.examined_room)
    return fastify.rooms.blocks(request.username)
  })

  fastify.put('/blocks/:username', { schema: block }, async (request, reply) => {
    await request.turn(prices.append + limits.BLOCKS_MAX * prices.examined_room)
    await fastify.rooms.block(request.username, request.params.username)
    return reply.code(204).send(null)
  })

  fastify.delete('/blocks/:username', { schema: unblock }, async (request, reply) => {
    await request.turn(prices.append + limits.BLOCKS_MAX * prices.examined_room)
    await fastify.rooms.unblock(request.username, request.params.username)
    return reply.code(204).send(null)
  })
}) satisfies FastifyPluginAsyncTypebox
