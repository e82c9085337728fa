import { rateLimited } from '../../schemas/error.js'
import type { RedisConnection } from '../redis/index.js'
import { createCounter } from './counts.js'

const HOUR_MS = 60 * 60_000

/**
 * @param max what an account may create in an hour; 0 for no limit
 * @param name of what is counted
 */
export function createCreationLimit(max: number, connection: RedisConnection | null, epoch: string, name = 'created') {
  const count = createCounter(connection, `${epoch}:${name}`)

  /** @throws RateLimited, and then `create` was not called; what `create` throws, which then is not counted */
  return async <T>(username: string, create: () => Promise<T>): Promise<T> => {
    if (max === 0) return create()
    // Counted first, so that attempts at the same time cannot exceed the limit together.
    const { current, ttl } = await count(username, HOUR_MS)
    try {
      if (current > max) throw rateLimited(ttl)
      return await create()
    } catch (error) {
      await count(username, HOUR_MS, -1)
      throw error
    }
  }
}
