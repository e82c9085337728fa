import type { FastifyRateLimitStore, FastifyRateLimitStoreCtor } from '@fastify/rate-limit'
import { LruMap } from 'toad-cache'
import type { RedisConnection } from '../redis/index.js'

/** Keys that each limit counts in this process; beyond, the count of the least recently used key is dropped. */
const COUNTED_MAX = 10_000

/** Increments a key that expires at the end of the window; the first increment starts the window. */
const COUNT = `
  local current = redis.call('incr', KEYS[1])
  if current == 1 then redis.call('pexpire', KEYS[1], ARGV[1]) end
  return {current, redis.call('pttl', KEYS[1])}
`

interface Counted {
  current: number
  /** Time in ms until the window ends. */
  ttl: number
}

/** Counts by key in this process, in fixed windows; the first increment of a key starts its window. */
export function createLocalCounts(now = () => performance.now()) {
  const counts = new LruMap<{ current: number; ends_at: number }>(COUNTED_MAX)
  return (key: string, window_ms: number): Counted => {
    const at = now()
    const known = counts.get(key)
    const count = known && known.ends_at > at ? known : { current: 0, ends_at: at + window_ms }
    count.current++
    if (count !== known) counts.set(key, count)
    return { current: count.current, ttl: Math.ceil(count.ends_at - at) }
  }
}

/**
 * What @fastify/rate-limit counts in: Redis, for all servers together, and without it this process alone. (Its own store
 * for Redis has one client for good, and lets everybody pass where that is away.)
 */
export function createCounts(connection: RedisConnection | null, epoch: string): FastifyRateLimitStoreCtor {
  class Counts implements FastifyRateLimitStore {
    readonly #local = createLocalCounts()
    readonly #name: string

    /** @param params the limit's; of a route, `routeInfo` tells which one */
    constructor(params: object) {
      const { method, url } = (params as { routeInfo?: { method?: string; url?: string } }).routeInfo ?? {}
      this.#name = [epoch, 'limit', method, url].join(':')
    }

    incr(key: string, done: (error: Error | null, counted?: Counted) => void, window_ms = 0) {
      if (!connection || connection.state === 'down') return done(null, this.#local(key, window_ms))
      connection
        .run(redis => redis.eval(COUNT, 1, `${this.#name}:${key}`, window_ms))
        .then(
          answer => {
            const [current, ttl] = answer as [number, number]
            return { current, ttl }
          },
          () => this.#local(key, window_ms),
        )
        .then(counted => done(null, counted))
    }

    child(params: object) {
      return new Counts(params)
    }
  }
  return Counts as unknown as FastifyRateLimitStoreCtor
}
