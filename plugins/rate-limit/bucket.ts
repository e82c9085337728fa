/** A token bucket on a monotonic clock. It holds the tokens of two seconds. */
export class TokenBucket {
  #tokens: number
  #filled_at: number

  /** @param rate tokens added each second, greater than 0 */
  constructor(
    private readonly rate: number,
    now = performance.now(),
  ) {
    this.#tokens = 2 * rate
    this.#filled_at = now
  }

  /** @returns 0 if a token was taken, else the time in ms until one is available */
  take(now = performance.now()): number {
    this.#fill(now)
    if (this.#tokens < 1) return Math.ceil(((1 - this.#tokens) / this.rate) * 1000)
    this.#tokens--
    return 0
  }

  /** Takes a token even if none is left. @returns 0 if one was left, else the ms until the debt is paid off */
  overdraw(now = performance.now()): number {
    this.#fill(now)
    this.#tokens--
    return this.#tokens >= 0 ? 0 : Math.ceil((-this.#tokens / this.rate) * 1000)
  }

  /** Removes tokens if necessary, so that the bucket is not full before `ms` have passed. */
  fullIn(ms: number, now = performance.now()) {
    this.#fill(now)
    this.#tokens = Math.min(this.#tokens, 2 * this.rate - (ms / 1000) * this.rate)
  }

  #fill(now: number) {
    this.#tokens = Math.min(2 * this.rate, this.#tokens + ((now - this.#filled_at) / 1000) * this.rate)
    this.#filled_at = now
  }
}
