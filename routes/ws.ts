import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { errors, readErrors } from '../schemas/error.js'
import { Epoch, MergeReactions } from '../schemas/frame.js'
import { After } from '../schemas/message.js'
import { RoomParams } from '../schemas/room.js'

const tags = ['sockets']
const upgraded = Type.Null({ description: 'Switched to the WebSocket protocol' })

const one = {
  operationId: 'followRoom',
  tags,
  summary: 'Open a WebSocket for one room',
  description:
    'Frames are described in [asyncapi.yaml](/docs/asyncapi.yaml). Send the token in the `Authorization` header, in the cookie, or as the subprotocol `bearer.<token>` in addition to `talkie.v1`. If the token is invalid or the room is not visible to the user, the socket is closed with a close code after the upgrade. To resume, pass `after` and `epoch`.',
  params: RoomParams,
  querystring: Type.Object(
    {
      after: Type.Optional(Type.Integer({ ...After, description: 'The last `seq` that the client has' })),
      epoch: Type.Optional(Epoch),
      merge_reactions: MergeReactions,
    },
    { additionalProperties: false },
  ),
  response: { 101: upgraded, ...readErrors('OriginRefused', 'UpgradeRequired') },
}

const many = {
  operationId: 'followRooms',
  tags,
  summary: 'Open a WebSocket for many rooms',
  description:
    'The same as a WebSocket for one room, except that the client chooses up to 100 rooms by `subscribe` frames.',
  querystring: Type.Object({}, { additionalProperties: false }),
  response: { 101: upgraded, ...readErrors('OriginRefused', 'UpgradeRequired') },
}

/** Both report errors by close codes, because browsers hide the status of a rejected upgrade; so they are not in `rooms/`. */
export default (async fastify => {
  const { ws } = fastify

  let is_warned = false
  /** Only clients that wanted to upgrade send a key. */
  function warnOfProxy({ headers }: FastifyRequest) {
    if (is_warned || headers['sec-websocket-key'] === undefined) return
    is_warned = true
    fastify.log.warn(
      'WebSocket request without the Upgrade header: a proxy removed it. Let the proxy pass Upgrade and Connection, as in ' +
        'deploy/nginx.conf',
    )
  }

  async function preValidation(request: FastifyRequest, reply: FastifyReply) {
    if (!request.ws) {
      warnOfProxy(request)
      reply.headers({ connection: 'Upgrade', upgrade: 'websocket' })
      throw new errors.UpgradeRequired()
    }
    if (!request.token) throw new errors.Unauthorized()
    // A page of another origin could open a socket with our cookie.
    if (request.token.from === 'cookie') fastify.assertOurOrigin(request)
  }

  /** An invalid URL is told by a close code, too. */
  const options = { websocket: true, config: { upgrades: true }, preValidation, attachValidation: true } as const

  fastify.get('/rooms/:id/ws', { ...options, schema: one }, (socket, request) => {
    const { params, query, validationError } = request
    if (!validationError) return ws.accept(socket, request, { room_id: params.id, ...query })
    ws.accept(socket, request, null, validationError.validationContext === 'params' ? 'room_gone' : 'malformed')
  })

  fastify.get('/ws', { ...options, schema: many }, (socket, request) => {
    ws.accept(socket, request, null, request.validationError ? 'malformed' : undefined)
  })
}) satisfies FastifyPluginAsyncTypebox
