import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'

const health = {
  summary: 'Check liveness',
  description: 'Succeeds as long as the process can answer requests.',
  operationId: 'getHealth',
  tags: ['system'],
  security: [],
  response: {
    200: Type.Object(
      { status: Type.Literal('ok') },
      { additionalProperties: false, description: 'The process is alive' },
    ),
  },
}

export default (async fastify => {
  // Probes come from one address and must never be rate-limited.
  const options = { logLevel: 'warn', config: { rateLimit: false } } as const
  fastify.get('/health', { ...options, schema: health }, async () => ({ status: 'ok' as const }))
}) satisfies FastifyPluginAsyncTypebox
