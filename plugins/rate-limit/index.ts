import rateLimit, { normalizeIP, type RateLimitOptions } from '@fastify/rate-limit'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { rateLimited } from '../../schemas/error.js'
import { createCounts } from './counts.js'
import { createCreationLimit } from './creations.js'
import { createLoginLimit } from './logins.js'
import { createSendLimit, createSharedSendLimit } from './send-limit.js'
import { createSlowMode } from './slow-mode.js'

export { TokenBucket } from './bucket.js'
export { createTurns } from './turns.js'

declare module 'fastify' {
  interface FastifyInstance {
    limits: Limits
  }
}

/** The `config.rateLimit` of a route: replaces the general limit; false for no limit. */
type RouteLimit = RateLimitOptions | false

export interface Limits {
  /** For registration: by the client's address. */
  registrations: RouteLimit
  /** For all logins, right or wrong: by the client's address. */
  logins: RouteLimit
  /** For looking at invitations and joining by them, whatever the code: by the client's address. */
  invitations: RouteLimit
  /** Creates a room; counts the rooms that an account has created, not the attempts that were refused. */
  roomCreation: ReturnType<typeof createCreationLimit>
  /** Starts a direct conversation; counts those that an account has started. */
  directCreation: ReturnType<typeof createCreationLimit>
  /** Wrong logins, by account and address; and the turns of all logins of an address. */
  wrongLogins: ReturnType<typeof createLoginLimit>
  /** A preHandler that counts hashes of a room's password, if the body has one, by account. @throws RateLimited */
  roomPasswordTry: (request: FastifyRequest) => Promise<void>
  /** Counts one send, edit or deletion, over HTTP or a socket. @returns 0, or the time in ms after which to retry */
  sends: (username: string) => number
  /** Counts one send or edit in a room with slow mode. @returns 0, or the time in ms after which to retry */
  slowMode: ReturnType<typeof createSlowMode>
  /**
   * The key of limits by address: the IPv4 address, or the /64 of an IPv6 address, which one household or host owns.
   */
  addressOf: (request: FastifyRequest) => string
}

const MINUTE_MS = 60_000
/** Window of the registration limit: lets a class sign up within a minute at the same average rate. */
const REGISTRATION_MINUTES = 10
/** Logins, and uses of invitations, by address, as a multiple of RATE_LIMIT_AUTH_PER_MINUTE: 200 people behind one address. */
const LOGIN_TIMES = 20

/** Direct conversations that an account may start, as a multiple of RATE_LIMIT_ROOMS_PER_HOUR: a class of 100. */
const DIRECT_TIMES = 5

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

  const tries_max = config.RATE_LIMIT_AUTH_PER_MINUTE
  const keyGenerator = ({ identity }: FastifyRequest) => `room-password:${identity?.username}`
  const countRoomPassword = fastify.createRateLimit({ max: tries_max, timeWindow: MINUTE_MS, keyGenerator })

  fastify.decorate('limits', {
    registrations: routeLimit(tries_max * REGISTRATION_MINUTES, MINUTE_MS * REGISTRATION_MINUTES, addressOf),
    logins: routeLimit(tries_max * LOGIN_TIMES, MINUTE_MS, addressOf),
    invitations: routeLimit(tries_max * LOGIN_TIMES, MINUTE_MS, addressOf),
    roomCreation: createCreationLimit(config.RATE_LIMIT_ROOMS_PER_HOUR, redisConnection, store.epoch),
    directCreation: createCreationLimit(
      config.RATE_LIMIT_ROOMS_PER_HOUR * DIRECT_TIMES,
      redisConnection,
      store.epoch,
      'direct',
    ),
    wrongLogins: createLoginLimit(tries_max, redisConnection, store.epoch),
    async roomPasswordTry(request) {
      if (tries_max === 0 || (request.body as { password?: string } | undefined)?.password === undefined) return
      const counted = await countRoomPassword(request)
      if (!counted.isAllowed && counted.isExceeded) throw rateLimited(counted.ttl)
    },
    sends: redisConnection
      ? createSharedSendLimit(config.RATE_LIMIT_SENDS_PER_SECOND, redisConnection, store.epoch)
      : createSendLimit(config.RATE_LIMIT_SENDS_PER_SECOND),
    slowMode: createSlowMode(redisConnection, store.epoch),
    addressOf,
  })
}

export default fp(limits, { name: 'rate-limit', dependencies: ['config', 'identity', 'errors', 'redis', 'store'] })
