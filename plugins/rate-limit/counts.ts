import type { FastifyRateLimitStore, FastifyRateLimitStoreCtor } from '@fastify/rate-limit'
import type { RedisLink } from '../redis/index.js'

/** Keys counted at once by each limit in this process; of more, those counted longest ago are forgotten. */
const COUNTED_MAX = 10_000

/** Counts one, and lets the count end with the window that its first one began. */
const COUNT = `
  local current = redis.call('incr', KEYS[1])
  if current == 1 then redis.call('pexpire', KEYS[1], ARGV[1]) end
  return {current, redis.call('pttl', KEYS[1])}
`

interface Counted {
  current: number
  /** ms until the window ends. */
  ttl: number
}

/** Counts in windows of time that begin with the first one counted, in this process. */
export function createLocalCounts(now = () => performance.now()) {
  const counts = new Map<string, { current: number; ends_at: number }>()
  return (key: string, window_ms: number): Counted => {
    const at = now()
    const known = counts.get(key)
    const count = known && known.ends_at > at ? known : { current: 0, ends_at: at + window_ms }
    count.current++
    counts.delete(key)
    counts.set(key, count)
    if (counts.size > COUNTED_MAX) counts.delete(counts.keys().next().value as string)
    return { current: count.current, ttl: Math.ceil(count.ends_at - at) }
  }
}

/**
 * What @fastify/rate-limit counts in: Redis, for all servers together, and without it this process alone. (Its own store
 * for Redis has one client for good, and lets everybody pass where that is away.)
 */
export function createCounts(link: RedisLink | null, epoch: string): FastifyRateLimitStoreCtor {
  class Counts implements FastifyRateLimitStore {
    readonly #local = createLocalCounts()
    readonly #name: string

    /** @param params the limit's; of a route, `routeInfo` tells which one */
    constructor(params: object) {
      const { method, url } = (params as { routeInfo?: { method?: string; url?: string } }).routeInfo ?? {}
      this.#name = [epoch, 'limit', method, url].join(':')
    }

    incr(key: string, done: (error: Error | null, counted?: Counted) => void, window_ms = 0) {
      if (!link || link.state === 'down') return done(null, this.#local(key, window_ms))
      link
        .ask(redis => redis.eval(COUNT, 1, `${this.#name}:${key}`, window_ms))
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
