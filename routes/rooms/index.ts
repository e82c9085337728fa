import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { changeErrors, readErrors } from '../../schemas/error.js'
import { Room, RoomCreation, RoomList } from '../../schemas/room.js'

const list = {
  operationId: 'listRooms',
  tags: ['rooms'],
  summary: 'Rooms that one may see, by name',
  description: 'Public ones, and those one is a member of. The `Link` header holds the next page.',
  querystring: RoomList,
  response: {
    200: Type.Array(Room),
    ...readErrors(),
  },
}

const create = {
  operationId: 'createRoom',
  tags: ['rooms'],
  summary: 'Make a room, and own it',
  body: RoomCreation,
  response: {
    201: Room,
    ...changeErrors('RoomNameTaken', 'PasswordTooLong', 'LoginQueueFull'),
  },
}

export default (async fastify => {
  fastify.get('', { schema: list }, async ({ query, username }, reply) => {
    const { rooms, next } = await fastify.rooms.list(username, query)
    if (next !== undefined) {
      const search = new URLSearchParams({ ...query, limit: String(query.limit), after: next })
      reply.header('link', `</rooms?${search}>; rel="next"`)
    }
    return rooms
  })

  fastify.post(
    '',
    { schema: create, config: { rateLimit: fastify.limits.rooms } },
    async ({ body, username }, reply) => {
      reply.code(201)
      return fastify.rooms.create(username, body)
    },
  )
}) satisfies FastifyPluginAsyncTypebox
