import helmet, { type FastifyHelmetOptions } from '@fastify/helmet'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'

const directives = {
  defaultSrc: ["'self'"],
  baseUri: ["'none'"],
  // Covers the WebSocket of the same host and port too.
  connectSrc: ["'self'"],
  fontSrc: ["'self'"],
  formAction: ["'self'"],
  frameAncestors: ["'none'"],
  imgSrc: ["'self'", 'data:'],
  objectSrc: ["'none'"],
  scriptSrc: ["'self'"],
  scriptSrcAttr: ["'none'"],
  // Swagger UI sets style attributes.
  styleSrc: ["'self'", "'unsafe-inline'"],
}

/** For a page on a local network without TLS: what only makes sense with TLS would lock it out or fill its console. */
const overHttp: FastifyHelmetOptions = {
  contentSecurityPolicy: { useDefaults: false, directives },
  crossOriginOpenerPolicy: false,
  originAgentCluster: false,
  strictTransportSecurity: false,
  frameguard: { action: 'deny' },
}
const overTls: FastifyHelmetOptions = {
  contentSecurityPolicy: { useDefaults: false, directives: { ...directives, upgradeInsecureRequests: [] } },
  frameguard: { action: 'deny' },
}

/** Security headers on every answer but those before any hook (`plugins/errors.ts`). Whether a request came over TLS, a trusted proxy's too, is Fastify's to say. */
async function security(fastify: FastifyInstance) {
  await fastify.register(helmet, { global: false })
  fastify.addHook('onRequest', async (request, reply) => {
    await reply.helmet(request.protocol === 'https' ? overTls : overHttp)
    // Responses belong to one user and one moment. Static files replace this.
    reply.header('cache-control', 'no-store')
  })
}

export default fp(security, { name: 'security' })
