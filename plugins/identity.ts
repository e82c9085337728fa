import { createHmac } from 'node:crypto'
import cookie from '@fastify/cookie'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { errors } from '../schemas/error.js'
import { BEARER_PREFIX } from '../schemas/wire.js'
import type { Identity } from './auth/index.js'
import { list } from './config/index.js'

declare module 'fastify' {
  interface FastifyInstance {
    /** A hook for routes that require authentication. @throws Unauthorized; StoreUnavailable if that cannot be checked */
    requireIdentity: (request: FastifyRequest) => Promise<void>
    /** @throws OriginRefused if the page that sent this request may not use the cookie */
    assertOurOrigin: (request: FastifyRequest) => void
    /** Name of the cookie that holds the token. Browsers share cookies between the ports of a host, so every secret has its own name. */
    cookieName: string
  }
  interface FastifyRequest {
    /** The token that the request carries, valid or not. */
    token: FoundToken | null
    /** The authenticated user and session; null without a valid token. */
    identity: Identity | null
    /** The authenticated user, on routes that require authentication (`requireIdentity`). */
    readonly username: string
    /** Why the token was not accepted. */
    identityFault: Error | null
  }
}

/** Name of the cookie that older versions set, and that clients may set: it is accepted, too. */
export const PLAIN_COOKIE = 'token'
/** Refused origins that are logged. Clients choose them, so they must not fill the log. */
const WARNINGS_MAX = 10
/** Characters of a client's header that are logged. */
const HEADER_MAX = 100

/** @returns the same name on all servers that share a secret, which it does not reveal */
function cookieNameOf(secret: string): string {
  return `token_${createHmac('sha256', secret).update('cookie name').digest('hex').slice(0, 8)}`
}

interface FoundToken {
  token: string
  from: 'header' | 'subprotocol' | 'cookie'
}

/** The most deliberate place first. Tokens in the query string are not accepted: they end up in logs. */
function tokenOf(request: FastifyRequest, cookie_name: string): FoundToken | null {
  // RFC 9110 allows spaces before the token. What follows after more spaces makes the token invalid.
  const [, header] = /^bearer +(.+)$/i.exec(request.headers.authorization ?? '') ?? []
  if (header) return { token: header, from: 'header' }
  const protocols = (request.headers['sec-websocket-protocol'] ?? '').split(',').map(name => name.trim())
  const bearer = protocols.find(name => name.startsWith(BEARER_PREFIX))
  if (bearer) return { token: bearer.slice(BEARER_PREFIX.length), from: 'subprotocol' }
  const cookie = request.cookies[cookie_name] ?? request.cookies[PLAIN_COOKIE]
  return cookie ? { token: cookie, from: 'cookie' } : null
}

const ownOrigin = (request: FastifyRequest) => `${request.protocol}://${request.host}`

/**
 * Whether the request comes from a page of this server (same scheme, host and port) or of an allowed origin. Browsers
 * send the cookie with requests of any page; only these headers, which no page can set, tell pages apart.
 * `Sec-Fetch-Site` is right even behind a proxy that changes `Host`, but browsers send it only with TLS and on localhost.
 */
function isOurOrigin(request: FastifyRequest, allowed: ReadonlySet<string>): boolean {
  const { origin } = request.headers
  if (request.headers['sec-fetch-site'] === 'same-origin') return true
  if (origin === undefined) return false
  if (allowed.has(origin)) return true
  const own = ownOrigin(request)
  return URL.canParse(own) && new URL(own).origin === origin
}

const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

/** Finds out which user sent a request. */
async function identity(fastify: FastifyInstance) {
  const { auth, config } = fastify
  await fastify.register(cookie)
  const allowed: ReadonlySet<string> = new Set(list(config.ALLOWED_ORIGINS))
  const cookie_name = cookieNameOf(config.JWT_SECRET)
  const warned = new Set<string>()
  function assertOurOrigin(request: FastifyRequest) {
    if (isOurOrigin(request, allowed)) return
    const origin = String(request.headers.origin).slice(0, HEADER_MAX)
    const own = ownOrigin(request).slice(0, HEADER_MAX)
    const pair = `${origin} ${own}`
    if (warned.size < WARNINGS_MAX && !warned.has(pair)) {
      warned.add(pair)
      fastify.log.warn(
        { origin, own },
        `Origin refused: ${origin} is not this server's own origin, ${own}. If both are the same site, let the proxy pass ` +
          'Host and X-Forwarded-Proto, and set TRUST_PROXY; otherwise add the origin to ALLOWED_ORIGINS',
      )
    }
    throw new errors.OriginRefused()
  }
  fastify.decorate('assertOurOrigin', assertOurOrigin)
  fastify.decorate('cookieName', cookie_name)
  fastify.decorateRequest('token', null)
  fastify.decorateRequest('identity', null)
  fastify.decorateRequest('identityFault', null)
  fastify.decorateRequest('username', {
    getter() {
      return (this.identity as Identity).username
    },
  })
  fastify.addHook('onRequest', async request => {
    request.token = tokenOf(request, cookie_name)
    if (request.token === null) return
    const { token, from } = request.token
    if (from === 'cookie' && !SAFE_METHODS.has(request.method)) assertOurOrigin(request)
    try {
      request.identity = await auth.authenticate(token, request.ip)
    } catch (error) {
      request.identityFault = error as Error
    }
  })
  fastify.decorate('requireIdentity', async request => {
    if (request.identity === null) throw request.identityFault ?? new errors.Unauthorized()
  })
}

// After `security`, whose hook must have set its headers before the hook here refuses a request.
export default fp(identity, { name: 'identity', dependencies: ['config', 'auth', 'cors', 'errors', 'security'] })
