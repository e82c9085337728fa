import { LruMap } from 'toad-cache'
import { errors, rateLimited } from '../../schemas/error.js'
import type { RedisConnection } from '../redis/index.js'
import { type Counter, createCounter } from './counts.js'
import { createTurns } from './turns.js'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const ADDRESS_WINDOW_MS = 10 * MINUTE_MS
/** Multiple of the limit per minute that applies per hour, and to one address on all accounts per ten minutes. */
const TIMES = 10
/** Logins of one address under way, each counted until it succeeds. They keep all threads that hash passwords busy. */
const RUNNING_MAX = 8
/** More of them that wait: 200 people behind one address log in at once, with a slow moment. */
const WAITING_MAX = 300
/** Pairs of account and address remembered in this process; beyond this the least recently used one is forgotten. */
const KNOWN_MAX = 50_000
/** How long Redis remembers that an account has logged in from an address. */
const KNOWN_MS = 30 * 24 * HOUR_MS

/**
 * Counts wrong passwords, by account and by address. Correct ones are not counted, so a class behind one address can
 * log in.
 *
 * Wrong passwords for an account are counted together for all addresses from which it never logged in. Each known
 * address is counted separately, so that strangers cannot lock users out where they usually log in.
 *
 * @param max wrong passwords for an account in a minute; 0 for no limit
 */
export function createLoginLimit(max: number, connection: RedisConnection | null, epoch: string) {
  // Separate counters, so that a flood of keys in one evicts no counts of another.
  const inMinute = createCounter(connection, `${epoch}:wrong:minute`)
  const inHour = createCounter(connection, `${epoch}:wrong:hour`)
  const byAddress = createCounter(connection, `${epoch}:wrong:address`)
  const known = createKnown(connection, epoch)
  const inTurn = createTurns({
    ...{ running_max: RUNNING_MAX, waiting_max: WAITING_MAX },
    refusal: () => new errors.LoginQueueFull(),
  })

  /** Counts an attempt as wrong until the login succeeds. @returns 0, or the ms to wait if the limit is exceeded */
  async function take(limits: Limit[]): Promise<number> {
    const counts = await Promise.all(limits.map(({ count, key, window_ms }) => count(key, window_ms)))
    const waits = counts.map(({ current, ttl }, i) => (current > (limits[i] as Limit).max ? ttl : 0))
    return Math.max(...waits)
  }

  const giveBack = (limits: Limit[]) =>
    Promise.all(limits.map(({ count, key, window_ms }) => count(key, window_ms, -1)))

  /**
   * @param username as the client gives it, in any case
   * @param login rejects with LoginFailed or PasswordWrong if the password is wrong
   * @throws RateLimited or LoginQueueFull, and then `login` was not called; what `login` throws
   */
  function run<T>(username: string, address: string, login: () => Promise<T>): Promise<T> {
    return inTurn(address, () => (max === 0 ? login() : counted(username, address, login)))
  }

  async function counted<T>(username: string, address: string, login: () => Promise<T>): Promise<T> {
    const account = username.toLowerCase()
    const who = (await known.has(account, address)) ? `known:${account}:${address}` : `others:${account}`
    const limits: Limit[] = [
      { count: inMinute, key: who, window_ms: MINUTE_MS, max },
      { count: inHour, key: who, window_ms: HOUR_MS, max: TIMES * max },
      { count: byAddress, key: address, window_ms: ADDRESS_WINDOW_MS, max: TIMES * max },
    ]
    const wait_ms = await take(limits)
    try {
      if (wait_ms > 0) throw rateLimited(wait_ms)
      const result = await login()
      known.add(account, address)
      await giveBack(limits)
      return result
    } catch (error) {
      const isWrong = error instanceof errors.LoginFailed || error instanceof errors.PasswordWrong
      if (!isWrong) await giveBack(limits)
      throw error
    }
  }

  return {
    run,
    /** Records that the owner has logged in from the address. @param username in any case */
    remember: (username: string, address: string) => known.add(username.toLowerCase(), address),
  }
}

interface Limit {
  count: Counter
  key: string
  window_ms: number
  max: number
}

/** Addresses from which accounts have logged in: in this process, and in Redis for all servers. */
function createKnown(connection: RedisConnection | null, epoch: string) {
  const pairs = new LruMap<true>(KNOWN_MAX)
  const keyOf = (account: string, address: string) => `${epoch}:known:${account}:${address}`

  return {
    async has(account: string, address: string): Promise<boolean> {
      const key = keyOf(account, address)
      if (pairs.get(key)) return true
      if (!connection || connection.state === 'down') return false
      return connection
        .run(redis => redis.exists(key))
        .then(
          found => found === 1,
          () => false,
        )
    },
    add(account: string, address: string) {
      const key = keyOf(account, address)
      if (pairs.get(key)) return
      pairs.set(key, true)
      if (!connection || connection.state === 'down') return
      connection.run(redis => redis.set(key, '1', 'PX', KNOWN_MS)).catch(() => {})
    },
  }
}
