import type { FastifyRequest } from 'fastify'
import { BEARER_PREFIX } from '../../schemas/wire.js'

export const COOKIE = 'token'

interface FoundToken {
  token: string
  from: 'header' | 'subprotocol' | 'cookie'
}

/** The token that a request carries, the most deliberate place first; never the query, which ends up in logs. */
export function tokenOf(request: FastifyRequest): FoundToken | null {
  const [scheme = '', credentials] = (request.headers.authorization ?? '').split(' ')
  if (credentials && scheme.toLowerCase() === 'bearer') return { token: credentials, from: 'header' }
  const protocols = (request.headers['sec-websocket-protocol'] ?? '').split(',').map(name => name.trim())
  const bearer = protocols.find(name => name.startsWith(BEARER_PREFIX))
  if (bearer) return { token: bearer.slice(BEARER_PREFIX.length), from: 'subprotocol' }
  const cookie = request.cookies[COOKIE]
  return cookie ? { token: cookie, from: 'cookie' } : null
}

/**
 * Whether the request comes from a page of this server (its scheme, host and port) or of an allowed origin. Browsers
 * send a cookie whatever page asks; only this tells the pages apart.
 */
export function isOurOrigin(request: FastifyRequest, allowed: ReadonlySet<string>): boolean {
  const { origin } = request.headers
  if (origin === undefined) return false
  if (allowed.has(origin)) return true
  const own = `${request.protocol}://${request.host}`
  return URL.canParse(own) && new URL(own).origin === origin
}
