import type { FastifyRateLimitStore, FastifyRateLimitStoreCtor } from '@fastify/rate-limit'
import { LruMap } from 'toad-cache'
import type { RedisConnection } from '../redis/index.js'

/** Keys that each limit counts in this process; beyond, the count of the least recently used key is dropped. */
const COUNTED_MAX = 10_000

/** Adds to a key that expires at the end of the window, which the first call starts. Never decrements a missing key. */
const COUNT = `
  if tonumber(ARGV[2]) < 0 and redis.call('exists', KEYS[1]) == 0 then return {0, 0} end
  local current = redis.call('incrby', KEYS[1], ARGV[2])
  if redis.call('pttl', KEYS[1]) < 0 then redis.call('pexpire', KEYS[1], ARGV[1]) end
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
  return (key: string, window_ms: number, by: 1 | -1 = 1): Counted => {
    const at = now()
    const known = counts.get(key)
    const isRunning = known !== undefined && known.ends_at > at
    if (by < 0 && !isRunning) return { current: 0, ttl: 0 }
    const count = isRunning ? known : { current: 0, ends_at: at + window_ms }
    count.current += by
    if (count !== known) counts.set(key, count)
    return { current: count.current, ttl: Math.ceil(count.ends_at - at) }
  }
}

export type Counter = ReturnType<typeof createCounter>

/**
 * Counts by key across all servers in Redis, or in this process alone if Redis is down or not configured.
 * @param name namespace of the keys
 */
export function createCounter(connection: RedisConnection | null, name: string) {
  const local = createLocalCounts()
  /** @param by -1 undoes one that was counted in the same window */
  return async (key: string, window_ms: number, by: 1 | -1 = 1): Promise<Counted> => {
    if (!connection || connection.state === 'down') return local(key, window_ms, by)
    try {
      const answer = await connection.run(redis => redis.eval(COUNT, 1, `${name}:${key}`, window_ms, by))
      const [current, ttl] = answer as [number, number]
      return { current, ttl }
    } catch {
      return local(key, window_ms, by)
    }
  }
}

/**
 * The store of @fastify/rate-limit. Its own Redis store is bound to one client for good, and allows every request while
 * Redis is down.
 */
export function createCounts(connection: RedisConnection | null, epoch: string): FastifyRateLimitStoreCtor {
  class Counts implements FastifyRateLimitStore {
    readonly #count: Counter

    /** @param params options of the limit; for a route, `routeInfo` identifies it */
    constructor(params: object) {
      const { method, url } = (params as { routeInfo?: { method?: string; url?: string } }).routeInfo ?? {}
      this.#count = createCounter(connection, [epoch, 'limit', method, url].join(':'))
    }

    incr(key: string, done: (error: Error | null, counted?: Counted) => void, window_ms = 0) {
      void this.#count(key, window_ms).then(counted => done(null, counted))
    }

    child(params: object) {
      return new Counts(params)
    }
  }
  return Counts as unknown as FastifyRateLimitStoreCtor
}
