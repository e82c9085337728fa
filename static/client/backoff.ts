export interface Backoff {
  /** Bound of the first delay, ms. */
  base_ms: number
  /** Bound of any delay, ms. */
  cap_ms: number
  /** From 0 to below 1, as `Math.random`. */
  random: () => number
}

/**
 * Full jitter: anything from nothing up to the exponential bound, so that the clients that lost a server together do
 * not come back together.
 * @param attempt 0 for the first
 */
export function backoffDelay(attempt: number, { base_ms, cap_ms, random }: Backoff): number {
  return Math.floor(random() * Math.min(cap_ms, base_ms * 2 ** Math.min(attempt, 30)))
}
