import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import type { FastifyReply } from 'fastify'
import { readErrors } from '../../../schemas/error.js'

const example = [
  '{"type":"account","username":"minji","display_name":"민지","bio":"","exported_at":"2026-01-31T09:30:00.000Z"}',
  '{"type":"room","id":"default","is_member":true,"name":"Lobby","role":"member","last_read_seq":42}',
  '{"type":"message","id":42,"room_id":"default","text":"안녕하세요!","created_at":"2026-01-31T09:30:00.000Z"}',
  '{"type":"end","messages":1}',
]

const read = {
  summary: 'Download your data',
  description:
    'Returns a stream with one JSON object per line, each with a `type`: `account` (the profile), `session`, `room` (each room that you are or were in) and, after its room, `message` (what you wrote, in its current form). The last line is `end`; without it the stream was cut off. It is paced by your budget, so much data takes a while. One export of an account runs at a time.',
  operationId: 'exportAccount',
  tags: ['users'],
  response: {
    200: {
      description: 'Your data',
      content: { 'application/x-ndjson': { schema: Type.String(), example: `${example.join('\n')}\n` } },
    },
    ...readErrors(),
  },
}

export default (async fastify => {
  fastify.get('/export', { schema: read, config: { audit: 'account_exported' } }, async (request, reply) => {
    const stream = await fastify.accountExport.open(request.username)
    reply.type('application/x-ndjson')
    reply.header('content-disposition', `attachment; filename="talkie-${request.username}.jsonl"`)
    // The type of the response is that of its lines.
    return (reply as FastifyReply).send(stream)
  })
}) satisfies FastifyPluginAsyncTypebox
