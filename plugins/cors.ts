import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { list } from './config/index.js'

/** How long a browser may remember the answer to a preflight request, s. */
const MAX_AGE_S = 600

/** Lets pages of `ALLOWED_ORIGINS` use the HTTP API. */
async function cors(fastify: FastifyInstance) {
  const allowed: ReadonlySet<string> = new Set(list(fastify.config.ALLOWED_ORIGINS))
  if (allowed.size === 0) return
  fastify.addHook('onRequest', async ({ method, headers }, reply) => {
    reply.header('vary', 'Origin')
    const { origin } = headers
    if (origin === undefined || !allowed.has(origin)) return
    reply.headers({
      'access-control-allow-origin': origin,
      'access-control-allow-credentials': 'true',
      'access-control-expose-headers': 'Link, Retry-After',
    })
    if (method !== 'OPTIONS' || headers['access-control-request-method'] === undefined) return
    reply.headers({
      'access-control-allow-methods': 'GET, POST, PUT, DELETE',
      'access-control-allow-headers': 'Authorization, Content-Type',
      'access-control-max-age': String(MAX_AGE_S),
    })
    return reply.code(204).send()
  })
}

// After `security`, whose headers every answer has; before `identity`, since a preflight request carries no token.
export default fp(cors, { name: 'cors', dependencies: ['config', 'security'] })
