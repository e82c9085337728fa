import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { prices } from '../../plugins/budgets/index.js'
import { changeErrors, readErrors } from '../../schemas/error.js'
import { paged } from '../../schemas/paging.js'
import { Room, RoomCreation, RoomList } from '../../schemas/room.js'
import { limits as wire } from '../../schemas/wire.js'

const list = {
  operationId: 'listRooms',
  tags: ['rooms'],
  summary: 'List rooms',
  description:
    'Returns public rooms and the rooms that the authenticated user is a member of, sorted by name: symbols, numbers by value, then letters regardless of case and accents, Latin before Korean. With `mine`, returns only one of the two.',
  querystring: RoomList,
  response: {
    200: paged(Type.Array(Room), 'A page of rooms'),
    ...readErrors(),
  },
}

const create = {
  operationId: 'createRoom',
  tags: ['rooms'],
  summary: 'Create a room',
  description: 'The authenticated user becomes the owner and first member.',
  body: RoomCreation,
  response: {
    201: { ...Room, description: 'The room was created' },
    ...changeErrors('RoomNameTaken', 'PasswordTooLong', 'LoginQueueFull'),
  },
}

export default (async fastify => {
  fastify.get('', { schema: list }, async (request, reply) => {
    const { query, username } = request
    await request.turn((query.limit ?? wire.PAGE_DEFAULT) * prices.listed_room)
    const { rooms, next } = await fastify.rooms.list(username, query)
    reply.linkNext(next === undefined ? undefined : { after: next })
    return rooms
  })

  const { roomCreation, roomPasswordTry } = fastify.limits
  fastify.post('', { schema: create, preHandler: roomPasswordTry }, async ({ body, username }, reply) => {
    const room = await roomCreation(username, () => fastify.rooms.create(username, body))
    reply.code(201)
    return room
  })
}) satisfies FastifyPluginAsyncTypebox
