import helmet, { type FastifyHelmetOptions } from '@fastify/helmet'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'

const directives = {
  defaultSrc: ["'self'"],
  baseUri: ["'none'"],
  // Also covers WebSockets of the same host and port.
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

/** Without TLS, as on a local network: headers that only make sense with TLS would lock the page out or fill its console. */
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

/** Security headers on every response except those sent before any hook (`plugins/errors.ts`). Fastify knows whether a request came over TLS, also to a trusted proxy. */
async function security(fastify: FastifyInstance) {
  await fastify.register(helmet, { global: false })
  fastify.addHook('onRequest', async (request, reply) => {
    await reply.helmet(request.protocol === 'https' ? overTls : overHttp)
    // Responses belong to one user and one moment. Static files replace this.
    reply.header('cache-control', 'no-store')
  })
}

export default fp(security, { name: 'security' })
