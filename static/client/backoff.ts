export interface Backoff {
  /** Upper bound of the first delay, ms. */
  base_ms: number
  /** Upper bound of every delay, ms. */
  cap_ms: number
  /** A number from 0 to below 1, like `Math.random`. */
  random: () => number
}

/**
 * Exponential backoff with full jitter: a random delay from 0 up to the bound, so that clients which lost a server
 * together do not reconnect together.
 * @param attempt 0 for the first retry
 * @returns a delay, ms
 */
export function backoffDelay(attempt: number, { base_ms, cap_ms, random }: Backoff): number {
  return Math.floor(random() * Math.min(cap_ms, base_ms * 2 ** Math.min(attempt, 30)))
}
