import { isIP } from 'node:net'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { errors } from '../schemas/error.js'
import { list } from './config/index.js'
import { refuseConnection } from './errors.js'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Whether the route accepts WebSockets. */
    upgrades?: boolean
  }
}

/** Routes for probes and monitoring, which address a server by its IP address or a name of the cluster. */
const OF_OPERATORS: ReadonlySet<string | undefined> = new Set(['/health', '/ready', '/metrics'])

/** Refuses, before anything else looks at it, what no route of this server accepts. */
async function requests(fastify: FastifyInstance) {
  const allowed: ReadonlySet<string> = new Set(list(fastify.config.ALLOWED_HOSTS).map(name => name.toLowerCase()))

  fastify.addHook('onRequest', async request => {
    assertOneHost(request)
    const { url, config } = request.routeOptions
    if (allowed.size > 0 && !OF_OPERATORS.has(url) && !isAllowed(hostnameOf(request.host), allowed)) {
      throw new errors.HostRefused()
    }
    // @fastify/websocket would upgrade a request of any GET route, before anybody asked for its token.
    if (request.ws && !config.upgrades) throw new errors.NotFound()
    assertQuery(request.url)
    assertPlainUtf8(request)
  })
  // Of an upgrade whose WebSocket headers are invalid; ws would answer without our headers and body.
  fastify.websocketServer.on('wsClientError', (error, socket) =>
    refuseConnection(socket, new errors.BadRequest(error.message)),
  )
}

/** Proxies and servers that each take another one of two hosts can be played off against each other. */
function assertOneHost({ raw }: FastifyRequest) {
  const hosts = raw.rawHeaders.filter((text, at) => at % 2 === 0 && text.toLowerCase() === 'host').length
  if (hosts > 1 || (hosts === 0 && raw.httpVersion === '1.1')) {
    throw new errors.BadRequest('A request must have exactly one Host header')
  }
}

const hostnameOf = (host: string) =>
  host
    .toLowerCase()
    .replace(/:\d*$/, '')
    .replace(/^\[|\]$/g, '')

/** An IP address is allowed, because DNS rebinding needs a name. */
function isAllowed(hostname: string, allowed: ReadonlySet<string>): boolean {
  return allowed.has(hostname) || hostname === 'localhost' || isIP(hostname) !== 0
}

function assertQuery(url: string) {
  const query = url.slice(url.indexOf('?') + 1)
  if (!query.includes('%')) return
  try {
    decodeURIComponent(query)
  } catch {
    throw new errors.BadRequest('The URL is not percent-encoded UTF-8')
  }
}

function assertPlainUtf8({ headers }: FastifyRequest) {
  const { 'content-type': type = '', 'content-encoding': encoding = 'identity' } = headers
  const [, charset = 'utf-8'] = /;\s*charset\s*=\s*"?([^";\s]*)/i.exec(type) ?? []
  if (encoding.toLowerCase() !== 'identity' || !/^utf-?8$/i.test(charset)) throw new errors.MediaTypeRefused()
}

export default fp(requests, { name: 'requests', dependencies: ['config', 'errors', 'security', 'ws'] })
