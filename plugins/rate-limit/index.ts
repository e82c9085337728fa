import rateLimit, { normalizeIP, type RateLimitOptions } from '@fastify/rate-limit'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { rateLimited } from '../../schemas/error.js'
import { createCounts } from './counts.js'
import { createSendLimit, createSharedSendLimit } from './send-limit.js'

export { TokenBucket } from './bucket.js'

declare module 'fastify' {
  interface FastifyInstance {
    limits: Limits
  }
}

/** The `config.rateLimit` of a route: replaces the general limit; false for no limit. */
type RouteLimit = RateLimitOptions | false

export interface Limits {
  /** For registration and login: by the client's address, whatever the account. */
  perAddress: RouteLimit
  /** For the creation of rooms: by account. */
  rooms: RouteLimit
  /** A preHandler that counts login attempts by the account in the body. @throws RateLimited */
  loginTry: (request: FastifyRequest) => Promise<void>
  /** A preHandler that counts attempts at a room's password, if the body has one, by account. @throws RateLimited */
  roomPasswordTry: (request: FastifyRequest) => Promise<void>
  /** Counts one send, edit or deletion, over HTTP or a socket. @returns 0, or the time in ms after which to retry */
  sends: (username: string) => number
  /** The key of limits by address: the IPv4 address, or the /64 of an IPv6 address, which one household or host owns. */
  addressOf: (request: FastifyRequest) => string
}

const MINUTE_MS = 60_000

/** `request.ip` is undefined once the client has disconnected, although its type is string. */
const addressOf = (request: FastifyRequest) => normalizeIP((request.ip as string | undefined) ?? '')
/** Usernames contain neither colon nor dot, so none equals an address. */
const accountOrAddress = (request: FastifyRequest) => request.identity?.username ?? addressOf(request)

async function limits(fastify: FastifyInstance) {
  const { config, redisConnection, store } = fastify
  await fastify.register(rateLimit, {
    global: config.RATE_LIMIT_HTTP_PER_MINUTE > 0,
    max: config.RATE_LIMIT_HTTP_PER_MINUTE,
    timeWindow: MINUTE_MS,
    store: createCounts(redisConnection, store.epoch),
    keyGenerator: accountOrAddress,
    errorResponseBuilder: (_request, { ttl }) => rateLimited(ttl),
  })

  function routeLimit(max: number, timeWindow: number, keyGenerator: (request: FastifyRequest) => string): RouteLimit {
    return max > 0 && { max, timeWindow, keyGenerator }
  }

  /** @param what prefix that keeps these counts apart from others */
  function tries(what: string, account: (request: FastifyRequest) => string | null) {
    const max = config.RATE_LIMIT_AUTH_PER_MINUTE
    const keyGenerator = (request: FastifyRequest) => `${what}:${account(request)}`
    const count = fastify.createRateLimit({ max, timeWindow: MINUTE_MS, keyGenerator })
    return async (request: FastifyRequest) => {
      if (max === 0 || account(request) === null) return
      const counted = await count(request)
      if (!counted.isAllowed && counted.isExceeded) throw rateLimited(counted.ttl)
    }
  }

  fastify.decorate('limits', {
    perAddress: routeLimit(config.RATE_LIMIT_AUTH_PER_MINUTE, MINUTE_MS, addressOf),
    rooms: routeLimit(config.RATE_LIMIT_ROOMS_PER_HOUR, 60 * MINUTE_MS, accountOrAddress),
    loginTry: tries('login', ({ body }) => (body as { username: string }).username.toLowerCase()),
    roomPasswordTry: tries('room-password', ({ body, identity }) =>
      (body as { password?: string } | undefined)?.password === undefined ? null : (identity?.username ?? null),
    ),
    sends: redisConnection
      ? createSharedSendLimit(config.RATE_LIMIT_SENDS_PER_SECOND, redisConnection, store.epoch)
      : createSendLimit(config.RATE_LIMIT_SENDS_PER_SECOND),
    addressOf,
  })
}

export default fp(limits, { name: 'rate-limit', dependencies: ['config', 'identity', 'errors', 'redis', 'store'] })
