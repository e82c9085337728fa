import rateLimit, { normalizeIP, type RateLimitOptions } from '@fastify/rate-limit'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { rateLimited } from '../../schemas/error.js'
import { createSendLimit } from './send-limit.js'

declare module 'fastify' {
  interface FastifyInstance {
    limits: Limits
  }
}

/** The `config.rateLimit` of a route: a limit in place of the general one, or none. */
type RouteLimit = RateLimitOptions | false

export interface Limits {
  /** For registering and logging in: by address, whoever is meant. */
  perAddress: RouteLimit
  /** For creating rooms: by account. */
  rooms: RouteLimit
  /** A preHandler that counts a try at the password of the account that the body names. @throws RateLimited */
  loginTry: (request: FastifyRequest) => Promise<void>
  /** A preHandler that counts a try at a room's password, if the body has one, by account. @throws RateLimited */
  roomPasswordTry: (request: FastifyRequest) => Promise<void>
  /** Takes one send, edit or deletion, over whatever transport. @returns 0, or after how many ms to try again */
  sends: (username: string) => number
  /** What limits by address count: an address, of IPv6 its /64, which one household or host has to itself. */
  addressOf: (request: FastifyRequest) => string
}

/** Accounts and addresses counted at once by each limit; of more, those counted longest ago are forgotten. */
const COUNTED_MAX = 10_000
const MINUTE_MS = 60_000

const addressOf = (request: FastifyRequest) => normalizeIP(request.ip)
/** Accounts' names hold no colon or dot, so none is like an address. */
const accountOrAddress = (request: FastifyRequest) => request.identity?.username ?? addressOf(request)

async function limits(fastify: FastifyInstance) {
  const { config } = fastify
  await fastify.register(rateLimit, {
    global: config.RATE_LIMIT_HTTP_PER_MINUTE > 0,
    max: config.RATE_LIMIT_HTTP_PER_MINUTE,
    timeWindow: MINUTE_MS,
    cache: COUNTED_MAX,
    keyGenerator: accountOrAddress,
    errorResponseBuilder: (_request, { ttl }) => rateLimited(ttl),
  })

  function routeLimit(max: number, timeWindow: number, keyGenerator: (request: FastifyRequest) => string): RouteLimit {
    return max > 0 && { max, timeWindow, keyGenerator }
  }

  function tries(account: (request: FastifyRequest) => string | null) {
    const max = config.RATE_LIMIT_AUTH_PER_MINUTE
    const count = fastify.createRateLimit({ max, timeWindow: MINUTE_MS, keyGenerator: r => account(r) as string })
    return async (request: FastifyRequest) => {
      if (max === 0 || account(request) === null) return
      const counted = await count(request)
      if (!counted.isAllowed && counted.isExceeded) throw rateLimited(counted.ttl)
    }
  }

  fastify.decorate('limits', {
    perAddress: routeLimit(config.RATE_LIMIT_AUTH_PER_MINUTE, MINUTE_MS, addressOf),
    rooms: routeLimit(config.RATE_LIMIT_ROOMS_PER_HOUR, 60 * MINUTE_MS, accountOrAddress),
    loginTry: tries(({ body }) => (body as { username: string }).username.toLowerCase()),
    roomPasswordTry: tries(({ body, identity }) =>
      (body as { password?: string } | undefined)?.password === undefined ? null : (identity?.username ?? null),
    ),
    sends: createSendLimit(config.RATE_LIMIT_SENDS_PER_SECOND),
    addressOf,
  })
}

export default fp(limits, { name: 'rate-limit', dependencies: ['config', 'auth', 'errors'] })
