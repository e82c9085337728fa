import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import type { FastifyRequest } from 'fastify'
import { errors, readErrors } from '../schemas/error.js'
import { Epoch } from '../schemas/frame.js'
import { After } from '../schemas/message.js'
import { RoomParams } from '../schemas/room.js'

const tags = ['sockets']
const upgraded = Type.Null({ description: 'Frames from here on' })

const one = {
  operationId: 'followRoom',
  tags,
  summary: 'A WebSocket for one room',
  description:
    'Frames are described in asyncapi.yaml. The token travels in `Authorization`, in the cookie or as the subprotocol `bearer.<token>` beside `talkie.v1`. A token that is no good, and a room that is not to be seen, are told by a close code after the upgrade.',
  params: RoomParams,
  querystring: Type.Object(
    {
      after: Type.Optional(After),
      epoch: Type.Optional(Epoch),
    },
    { additionalProperties: false },
  ),
  response: { 101: upgraded, ...readErrors('OriginRefused') },
}

const many = {
  operationId: 'followRooms',
  tags,
  summary: 'A WebSocket for any number of rooms',
  description: 'As for one room; rooms are followed by `subscribe` frames.',
  response: { 101: upgraded, ...readErrors('OriginRefused') },
}

/** Both answer by close codes, since browsers hide a refused upgrade's status: so they stand outside `rooms/`. */
export default (async fastify => {
  const { ws } = fastify

  async function preValidation(request: FastifyRequest) {
    if (!request.token) throw new errors.Unauthorized()
    // A page elsewhere could open a socket with our cookie.
    if (request.token.from === 'cookie' && !fastify.isOurOrigin(request)) throw new errors.OriginRefused()
  }

  fastify.get('/rooms/:id/ws', { websocket: true, schema: one, preValidation }, (socket, request) => {
    ws.accept(socket, request, { room_id: request.params.id, ...request.query })
  })

  fastify.get('/ws', { websocket: true, schema: many, preValidation }, (socket, request) => {
    ws.accept(socket, request, null)
  })
}) satisfies FastifyPluginAsyncTypebox
