import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { prices } from '../../../plugins/budgets/index.js'
import { PREVIEW_MAX, priceOfEncoding } from '../../../plugins/messages/index.js'
import { readErrors } from '../../../schemas/error.js'
import { Preview } from '../../../schemas/message.js'
import { RoomParams } from '../../../schemas/room.js'

const preview = {
  operationId: 'previewRoom',
  tags: ['rooms'],
  summary: 'Preview a room',
  description:
    'The newest messages of a public room, before joining it. Not if the owner turned that off, if the room has a password, or for banned users.',
  params: RoomParams,
  response: {
    200: { ...Preview, description: 'The newest messages' },
    ...readErrors('RoomNotFound', 'Banned', 'PreviewOff'),
  },
}

export default (async fastify => {
  fastify.get('/preview', { schema: preview }, async request => {
    await request.turn(PREVIEW_MAX * prices.read_message)
    const found = await fastify.messages.preview(request.params.id, request.username)
    await request.turn(priceOfEncoding(found.messages))
    return found
  })
}) satisfies FastifyPluginAsyncTypebox
