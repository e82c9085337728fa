import type { RedisLink } from '../redis/index.js'

/** Accounts remembered; of more, the one silent for the longest starts anew. */
const ACCOUNTS_MAX = 10_000

/**
 * A token bucket per account: `rate` a second, twice that at once.
 * @param rate 0 for no limit
 * @param now a clock in ms that never steps back
 * @param taken told of each one that was taken
 * @returns takes one for an account: 0 where it may, else after how many ms to try again
 */
export function createSendLimit(
  rate: number,
  now = () => performance.now(),
  taken: (account: string) => void = () => {},
) {
  /** When each account's bucket will be full again; those used last at the end. */
  const full = new Map<string, number>()
  const each_ms = 1000 / rate
  const burst_ms = 2 * rate * each_ms

  const take = (account: string): number => {
    if (rate === 0) return 0
    const at = now()
    const next = Math.max(full.get(account) ?? 0, at) + each_ms
    if (next - at > burst_ms) return Math.ceil(next - at - burst_ms)
    put(account, next)
    taken(account)
    return 0
  }

  function put(account: string, full_at: number) {
    full.delete(account)
    full.set(account, full_at)
    if (full.size > ACCOUNTS_MAX) full.delete(full.keys().next().value as string)
  }

  /** The bucket will be full after so many ms: other servers took from it too. */
  take.fullIn = (account: string, ms: number) => put(account, Math.max(full.get(account) ?? 0, now() + ms))
  return take
}

/** Takes one from the account's bucket in Redis, by its clock. Answers in how many ms the bucket will be full. */
const TAKE = `
  local clock = redis.call('time')
  local at = clock[1] * 1000 + math.floor(clock[2] / 1000)
  local full = math.max(tonumber(redis.call('get', KEYS[1]) or 0), at) + tonumber(ARGV[1])
  redis.call('set', KEYS[1], string.format('%.3f', full), 'PX', math.ceil(full - at))
  return math.ceil(full - at)
`

/**
 * The same over all servers. Each decides at once on what it knows, so that no send waits for Redis; what it took it tells
 * there, and learns what all took. So an account can exceed its limit by what it sends to other servers within one round
 * trip, and without Redis each server counts for itself.
 */
export function createSharedSendLimit(rate: number, link: RedisLink, epoch: string) {
  const take = createSendLimit(rate, undefined, account => {
    if (link.state === 'down') return
    link
      .ask(redis => redis.eval(TAKE, 1, `${epoch}:sends:${account}`, 1000 / rate))
      .then(
        full_in_ms => take.fullIn(account, full_in_ms as number),
        () => {},
      )
  })
  return take
}
