import { randomUUID } from 'node:crypto'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import type { FastifyRequest } from 'fastify'
import { changeErrors, rateLimited, readErrors } from '../../../schemas/error.js'
import {
  Deleting,
  Editing,
  Message,
  MessageParams,
  Page,
  PageQuery,
  Replying,
  SearchPage,
  SearchQuery,
  Sending,
} from '../../../schemas/message.js'
import { RoomParams } from '../../../schemas/room.js'

const tags = ['messages']
const again = { ...Message, description: 'It was sent before: the answer of then' }

const list = {
  operationId: 'listMessages',
  tags,
  summary: 'A page of history',
  description: 'The newest page, or the one before or after a seq; for members only.',
  params: RoomParams,
  querystring: PageQuery,
  response: { 200: Page, ...readErrors('RoomNotFound', 'NotMember') },
}

const search = {
  operationId: 'searchMessages',
  tags,
  summary: 'Messages that say something',
  description:
    'Looks for words and, in Korean, Chinese and Japanese, for parts of words, in what messages say now; several are AND. Newest first in pages, ascending within.',
  params: RoomParams,
  querystring: SearchQuery,
  response: { 200: SearchPage, ...readErrors('RoomNotFound', 'NotMember') },
}

const send = {
  operationId: 'sendMessage',
  tags,
  summary: 'Send a message',
  description: 'Sending again with the same `client_id` is safe, for ever. Without one the server makes one.',
  params: RoomParams,
  body: Sending,
  response: {
    200: again,
    201: Message,
    ...changeErrors('RoomNotFound', 'NotMember', 'MessageNotFound', 'MessageDeleted', 'ClientIdReused'),
  },
}

const reply = {
  operationId: 'replyToMessage',
  tags,
  summary: 'Reply to a message',
  params: MessageParams,
  body: Replying,
  response: {
    200: again,
    201: Message,
    ...changeErrors('RoomNotFound', 'NotMember', 'MessageNotFound', 'MessageDeleted', 'ClientIdReused'),
  },
}

const edit = {
  operationId: 'editMessage',
  tags,
  summary: 'Give a message of one’s own a new text',
  params: MessageParams,
  body: Editing,
  response: {
    200: Message,
    ...changeErrors(
      'RoomNotFound',
      'NotMember',
      'MessageNotFound',
      'MessageDeleted',
      'NotAuthor',
      'TooManyEdits',
      'ClientIdReused',
    ),
  },
}

const remove = {
  operationId: 'deleteMessage',
  tags,
  summary: 'Delete a message of one’s own',
  params: MessageParams,
  querystring: Deleting,
  response: {
    204: Type.Null({ description: 'Done' }),
    ...changeErrors('RoomNotFound', 'NotMember', 'MessageNotFound', 'MessageDeleted', 'NotAuthor', 'ClientIdReused'),
  },
}

export default (async fastify => {
  const { messages, limits } = fastify
  /** As sockets' frames: by account, over all its sockets and requests. */
  async function preHandler({ username }: FastifyRequest) {
    const wait_ms = limits.sends(username)
    if (wait_ms > 0) throw rateLimited(wait_ms)
  }

  fastify.get('/messages', { schema: list }, ({ params, query, username }) => messages.page(params.id, username, query))

  fastify.get('/messages/search', { schema: search }, ({ params, query, username }) =>
    messages.search(params.id, username, query),
  )

  fastify.post('/messages', { schema: send, preHandler }, async ({ params, body, username }, reply) => {
    const { event, repeated } = await messages.send(params.id, username, { client_id: randomUUID(), ...body })
    reply.code(repeated ? 200 : 201)
    return messages.read(params.id, event.seq)
  })

  fastify.post('/messages/:msgId/reply', { schema: reply, preHandler }, async ({ params, body, username }, reply) => {
    const sending = { client_id: randomUUID(), ...body, reply_to: params.msgId }
    const { event, repeated } = await messages.send(params.id, username, sending)
    reply.code(repeated ? 200 : 201)
    return messages.read(params.id, event.seq)
  })

  fastify.put('/messages/:msgId', { schema: edit, preHandler }, async ({ params, body, username }) => {
    await messages.edit(params.id, username, params.msgId, { client_id: randomUUID(), ...body })
    return messages.read(params.id, params.msgId)
  })

  fastify.delete('/messages/:msgId', { schema: remove, preHandler }, async ({ params, query, username }, reply) => {
    await messages.remove(params.id, username, params.msgId, query.client_id ?? randomUUID())
    return reply.code(204).send(null)
  })
}) satisfies FastifyPluginAsyncTypebox
