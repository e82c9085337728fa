import { randomUUID } from 'node:crypto'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { prices } from '../../../plugins/budgets/index.js'
import { priceOfEncoding, priceOfMentions, type Written } from '../../../plugins/messages/index.js'
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
  VersionPage,
  VersionsQuery,
} from '../../../schemas/message.js'
import { paged } from '../../../schemas/paging.js'
import { RoomParams } from '../../../schemas/room.js'
import { limits as wire } from '../../../schemas/wire.js'

const tags = ['messages']
const sent = {
  200: { ...Message, description: 'Idempotent replay: the message that the original request sent' },
  201: { ...Message, description: 'The message was sent' },
  ...changeErrors(
    'RoomNotFound',
    'NotMember',
    'Muted',
    'SlowMode',
    'MessageNotFound',
    'MessageDeleted',
    'TooManyMentions',
    'MentionAllRefused',
    'ClientIdReused',
  ),
}

const list = {
  operationId: 'listMessages',
  tags,
  summary: 'List messages',
  description:
    'Returns a page of the room’s history: the newest messages, those before a `seq`, or those after one; or the messages with given ids. Only members can read messages.',
  params: RoomParams,
  querystring: PageQuery,
  response: { 200: paged(Page, 'A page of messages'), ...readErrors('RoomNotFound', 'NotMember') },
}

const search = {
  operationId: 'searchMessages',
  tags,
  summary: 'Search messages',
  description:
    'Finds messages whose current text contains all the words of the query; in scripts that are searched by parts (Korean, Chinese, Japanese, Thai, Lao, Khmer, Burmese), parts of words match, too, and emoji are found. A page may contain fewer messages than `limit`, even none, and yet have `next_before`: a search ends after a bounded amount of work. An account searches one at a time; a few more wait, and beyond these a search is refused with 429. Pages go from the newest matches to the oldest; within a page, messages are in ascending order.',
  params: RoomParams,
  querystring: SearchQuery,
  response: {
    200: paged(SearchPage, 'A page of matching messages'),
    ...readErrors('RoomNotFound', 'NotMember'),
  },
}

const send = {
  operationId: 'sendMessage',
  tags,
  summary: 'Send a message',
  description:
    'Idempotent by `client_id`: a retry with the same `client_id` returns the original message, however much later it comes. Without a `client_id` the server generates one.',
  params: RoomParams,
  body: Sending,
  response: sent,
}

const reply = {
  operationId: 'replyToMessage',
  tags,
  summary: 'Reply to a message',
  description: 'The same as sending a message with `reply_to`, which must name a message in the same room.',
  params: MessageParams,
  body: Replying,
  response: sent,
}

const edit = {
  operationId: 'editMessage',
  tags,
  summary: 'Edit a message',
  description: 'Replaces the text. Only the author can edit a message, up to 100 times. Idempotent by `client_id`.',
  params: MessageParams,
  body: Editing,
  response: {
    200: { ...Message, description: 'The edited message' },
    ...changeErrors(
      'RoomNotFound',
      'NotMember',
      'Muted',
      'SlowMode',
      'MessageNotFound',
      'MessageDeleted',
      'NotAuthor',
      'TooManyEdits',
      'TooManyMentions',
      'MentionAllRefused',
      'ClientIdReused',
    ),
  },
}

const versions = {
  operationId: 'listVersions',
  tags,
  summary: 'List the versions of a message',
  description:
    'The texts that a message has had, the original one first. Members see them as they see the message; once it is deleted, nobody does.',
  params: MessageParams,
  querystring: VersionsQuery,
  response: {
    200: paged(VersionPage, 'A page of versions'),
    ...readErrors('RoomNotFound', 'NotMember', 'MessageNotFound', 'MessageDeleted'),
  },
}

const remove = {
  operationId: 'deleteMessage',
  tags,
  summary: 'Delete a message',
  description:
    'The author and moderators can delete a message. Its place in the history remains, with an empty text and `deleted_at`. Idempotent by `client_id`.',
  params: MessageParams,
  querystring: Deleting,
  response: {
    204: Type.Null({ description: 'The message was deleted' }),
    ...changeErrors('RoomNotFound', 'NotMember', 'MessageNotFound', 'MessageDeleted', 'NotAuthor', 'ClientIdReused'),
  },
}

function answerSent(reply: FastifyReply, { message, repeated }: Written) {
  reply.code(repeated ? 200 : 201)
  return message
}

/** Pages go on in the direction in which the first one was requested. */
function nextOf({ messages, has_more }: Page, query: PageQuery): Record<string, number> | undefined {
  const [first, last] = [messages.at(0), messages.at(-1)]
  if (!has_more || !first || !last || query.ids !== undefined) return undefined
  return query.after === undefined ? { before: first.id } : { after: last.id }
}

export default (async fastify => {
  const { messages, limits } = fastify
  /** The same budget as for frames: one per account, for all its sockets and requests. */
  async function preHandler(request: FastifyRequest) {
    const wait_ms = limits.sends(request.username)
    if (wait_ms > 0) throw rateLimited(wait_ms)
    const { text = '' } = (request.body ?? {}) as { text?: string }
    await request.turn(prices.append + priceOfMentions(text))
  }

  fastify.get('/messages', { schema: list }, async (request, reply) => {
    const { params, query, username } = request
    await request.turn((query.limit ?? wire.PAGE_DEFAULT) * prices.read_message)
    const page = await messages.page(params.id, username, query)
    await request.turn(priceOfEncoding(page.messages) + (page.notes?.length ?? 0) * prices.listed_member)
    reply.linkNext(nextOf(page, query))
    return page
  })

  fastify.get('/messages/search', { schema: search }, async (request, reply) => {
    const { params, query, username } = request
    const page = await fastify.messageSearch.find(params.id, username, query)
    reply.linkNext(page.next_before === undefined ? undefined : { before: page.next_before })
    return page
  })

  fastify.get('/messages/:msgId/versions', { schema: versions }, async (request, reply) => {
    const { params, query, username } = request
    await request.turn((query.limit ?? wire.PAGE_DEFAULT) * prices.read_message)
    const page = await messages.versions(params.id, username, params.msgId, query)
    await request.turn(priceOfEncoding(page.versions))
    reply.linkNext(page.has_more ? { after: page.versions.at(-1)?.seq ?? 0 } : undefined)
    return page
  })

  fastify.post('/messages', { schema: send, preHandler }, async ({ params, body, username }, reply) =>
    answerSent(reply, await messages.send(params.id, username, { client_id: randomUUID(), ...body })),
  )

  fastify.post('/messages/:msgId/reply', { schema: reply, preHandler }, async ({ params, body, username }, reply) => {
    const sending = { client_id: randomUUID(), ...body, reply_to: params.msgId }
    return answerSent(reply, await messages.send(params.id, username, sending))
  })

  fastify.put('/messages/:msgId', { schema: edit, preHandler }, async ({ params, body, username }) => {
    const edited = await messages.edit(params.id, username, params.msgId, { client_id: randomUUID(), ...body })
    return edited.message
  })

  fastify.delete('/messages/:msgId', { schema: remove, preHandler }, async ({ params, query, username }, reply) => {
    await messages.remove(params.id, username, params.msgId, query.client_id ?? randomUUID())
    return reply.code(204).send(null)
  })
}) satisfies FastifyPluginAsyncTypebox
