import { LruMap } from 'toad-cache'
import type { RedisConnection } from '../redis/index.js'

/** Members whose last message is remembered; beyond, the member whose last message is oldest is forgotten and can send. */
const MEMBERS_MAX = 10_000

/**
 * Takes a member's place in Redis, by Redis's clock, unless another message holds it. Returns the ms that are left of
 * the wait; 0 if the place was taken, or is held by the same message.
 */
const TAKE = `
  local clock = redis.call('time')
  local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
  local at, by = string.match(redis.call('get', KEYS[1]) or '0 ', '^(%d+) (.*)$')
  local left = tonumber(at) + tonumber(ARGV[2]) - now
  if left > 0 then return by == ARGV[1] and 0 or left end
  redis.call('set', KEYS[1], string.format('%.0f %s', now, ARGV[1]), 'PX', ARGV[2])
  return 0
`

/** The last message or edit of a member. */
interface Last {
  client_id: string
  /** By the monotonic clock, ms. */
  at: number
}

/**
 * The waits between a member's messages in rooms with slow mode, across all servers. A message in such a room waits for
 * Redis, so that two servers never admit two at once; while Redis is down, each server counts on its own.
 * @param now a monotonic clock in ms
 */
export function createSlowMode(connection: RedisConnection | null, epoch: string, now = () => performance.now()) {
  const members = new LruMap<Last>(MEMBERS_MAX)

  /** What other servers know. */
  async function takeShared(key: string, client_id: string, wait_ms: number): Promise<number> {
    if (!connection || connection.state === 'down') return 0
    return connection
      .run(redis => redis.eval(TAKE, 1, `${epoch}:slow:${key}`, client_id, wait_ms))
      .then(
        left_ms => left_ms as number,
        () => 0,
      )
  }

  /**
   * A retry of the message that holds the place is always admitted.
   * @param wait_ms between two messages, greater than 0
   * @returns 0 if the message may be sent now, or the time in ms after which to retry
   */
  return async function take(room_id: string, username: string, client_id: string, wait_ms: number): Promise<number> {
    const key = `${room_id}:${username.toLowerCase()}`
    const last = members.get(key)
    const left_ms = last ? Math.ceil(last.at + wait_ms - now()) : 0
    if (last && left_ms > 0) return last.client_id === client_id ? 0 : left_ms
    members.set(key, { client_id, at: now() })
    const shared_ms = await takeShared(key, client_id, wait_ms)
    // Another server admitted a message: from here on, that one counts.
    if (shared_ms > 0) members.set(key, { client_id: '', at: now() + shared_ms - wait_ms })
    return shared_ms
  }
}
