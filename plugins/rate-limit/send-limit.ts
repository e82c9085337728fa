import { LruMap } from 'toad-cache'
import type { RedisConnection } from '../redis/index.js'
import { TokenBucket } from './bucket.js'

/**
 * Accounts with a bucket; beyond this the least recently used one is dropped, so that account starts with a full one.
 */
const ACCOUNTS_MAX = 10_000

/**
 * A token bucket for each account.
 * @param rate tokens per second; 0 for no limit
 * @param now a monotonic clock in ms
 * @param taken called with the account of each token that was taken
 * @returns a function that takes a token of an account and returns 0, or the time in ms after which to retry
 */
export function createSendLimit(
  rate: number,
  now = () => performance.now(),
  taken: (account: string) => void = () => {},
) {
  const buckets = new LruMap<TokenBucket>(ACCOUNTS_MAX)

  function bucketOf(account: string): TokenBucket {
    const known = buckets.get(account)
    if (known) return known
    const bucket = new TokenBucket(rate, now())
    buckets.set(account, bucket)
    return bucket
  }

  const take = (account: string): number => {
    if (rate === 0) return 0
    const wait_ms = bucketOf(account).take(now())
    if (wait_ms === 0) taken(account)
    return wait_ms
  }

  /** Accounts for tokens that other servers took: the bucket will not be full before `ms` have passed. */
  take.fullIn = (account: string, ms: number) => bucketOf(account).fullIn(ms, now())
  return take
}

/** Takes a token from the account's bucket in Redis, by Redis's clock. Returns the ms until the bucket is full. */
const TAKE = `
  local clock = redis.call('time')
  local at = clock[1] * 1000 + math.floor(clock[2] / 1000)
  local full = math.max(tonumber(redis.call('get', KEYS[1]) or 0), at) + tonumber(ARGV[1])
  redis.call('set', KEYS[1], string.format('%.3f', full), 'PX', math.ceil(full - at))
  return math.ceil(full - at)
`

/**
 * The same across all servers. Each server decides at once on what it knows, so that no send waits for Redis; then it
 * reports the token to Redis and learns what the others took. So an account can exceed its limit by what it sends to
 * other servers within one round trip, and while Redis is down each server counts on its own.
 */
export function createSharedSendLimit(rate: number, connection: RedisConnection, epoch: string) {
  const take = createSendLimit(rate, undefined, account => {
    if (connection.state === 'down') return
    connection
      .run(redis => redis.eval(TAKE, 1, `${epoch}:sends:${account}`, 1000 / rate))
      .then(
        full_in_ms => take.fullIn(account, full_in_ms as number),
        () => {},
      )
  })
  return take
}
