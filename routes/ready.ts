import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Readiness } from '../schemas/readiness.js'

const ready = {
  summary: 'Check readiness',
  description:
    'Tells a load balancer whether to send traffic to this server, and reports the state of its dependencies.',
  operationId: 'getReadiness',
  tags: ['system'],
  security: [],
  response: {
    200: { ...Readiness, description: 'The server accepts traffic' },
    503: { ...Readiness, description: 'The server does not accept traffic: it is draining, or its store is down' },
  },
}

export default (async fastify => {
  // Probes come from one address and must never be rate-limited.
  const options = { logLevel: 'warn', config: { rateLimit: false } } as const
  fastify.get('/ready', { ...options, schema: ready }, async (_request, reply) => {
    const readiness = await fastify.readiness()
    return reply.code(readiness.ready ? 200 : 503).send(readiness)
  })
}) satisfies FastifyPluginAsyncTypebox
