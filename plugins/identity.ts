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
    /** Whether the page that sent this request may use the cookie. */
    isOurOrigin: (request: FastifyRequest) => boolean
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

export const COOKIE = 'token'

interface FoundToken {
  token: string
  from: 'header' | 'subprotocol' | 'cookie'
}

/** The most deliberate place first. Tokens in the query string are not accepted: they end up in logs. */
function tokenOf(request: FastifyRequest): FoundToken | null {
  const [scheme = '', credentials] = (request.headers.authorization ?? '').split(' ')
  if (credentials && scheme.toLowerCase() === 'bearer') return { token: credentials, from: 'header' }
  const protocols = (request.headers['sec-websocket-protocol'] ?? '').split(',').map(name => name.trim())
  const bearer = protocols.find(name => name.startsWith(BEARER_PREFIX))
  if (bearer) return { token: bearer.slice(BEARER_PREFIX.length), from: 'subprotocol' }
  const cookie = request.cookies[COOKIE]
  return cookie ? { token: cookie, from: 'cookie' } : null
}

/**
 * Whether the request comes from a page of this server (same scheme, host and port) or of an allowed origin. Browsers
 * send the cookie with requests of any page; only the `Origin` header tells pages apart.
 */
function isOurOrigin(request: FastifyRequest, allowed: ReadonlySet<string>): boolean {
  const { origin } = request.headers
  if (origin === undefined) return false
  if (allowed.has(origin)) return true
  const own = `${request.protocol}://${request.host}`
  return URL.canParse(own) && new URL(own).origin === origin
}

const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

/** Finds out which user sent a request. */
async function identity(fastify: FastifyInstance) {
  const { auth, config } = fastify
  await fastify.register(cookie)
  const allowed: ReadonlySet<string> = new Set(list(config.ALLOWED_ORIGINS))
  fastify.decorate('isOurOrigin', request => isOurOrigin(request, allowed))
  fastify.decorateRequest('token', null)
  fastify.decorateRequest('identity', null)
  fastify.decorateRequest('identityFault', null)
  fastify.decorateRequest('username', {
    getter() {
      return (this.identity as Identity).username
    },
  })
  fastify.addHook('onRequest', async request => {
    request.token = tokenOf(request)
    if (request.token === null) return
    const { token, from } = request.token
    if (from === 'cookie' && !SAFE_METHODS.has(request.method) && !isOurOrigin(request, allowed)) {
      throw new errors.OriginRefused()
    }
    try {
      request.identity = await auth.authenticate(token)
    } catch (error) {
      request.identityFault = error as Error
    }
  })
  fastify.decorate('requireIdentity', async request => {
    if (request.identity === null) throw request.identityFault ?? new errors.Unauthorized()
  })
}

// After `security`, whose hook must have set its headers before the hook here refuses a request.
export default fp(identity, { name: 'identity', dependencies: ['config', 'auth', 'errors', 'security'] })
