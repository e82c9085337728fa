/** A token bucket on the monotonic clock. */
export class TokenBucket {
  #tokens: number
  #filled_at: number

  /**
   * @param per_second tokens added each second
   * @param burst tokens when full
   */
  constructor(
    private readonly per_second: number,
    private readonly burst: number,
    now = performance.now(),
  ) {
    this.#tokens = burst
    this.#filled_at = now
  }

  /** @returns 0 if a token was taken, else the time in ms until one is available */
  take(now = performance.now()): number {
    this.#tokens = Math.min(this.burst, this.#tokens + ((now - this.#filled_at) / 1000) * this.per_second)
    this.#filled_at = now
    if (this.#tokens < 1) return Math.ceil(((1 - this.#tokens) / this.per_second) * 1000)
    this.#tokens--
    return 0
  }
}
