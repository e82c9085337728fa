import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'

const health = {
  summary: 'Whether the process is alive',
  operationId: 'getHealth',
  tags: ['system'],
  response: { 200: Type.Object({ status: Type.Literal('ok') }) },
}

export default (async fastify => {
  fastify.get('/health', { schema: health }, async () => ({ status: 'ok' as const }))
}) satisfies FastifyPluginAsyncTypebox
