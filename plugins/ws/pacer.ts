import type { RawData, WebSocket } from 'ws'
import { type Budget, prices } from '../budgets/index.js'
import type { TokenBucket } from '../rate-limit/index.js'

/** A socket that exceeds the frame rate for so long, with no pause of RECOVERED_MS, is closed. */
const LASTING_MS = 20_000
const RECOVERED_MS = 2000

/** What a pacer does with its socket. */
interface Hooks {
  /** Handles the next frame. */
  take(data: RawData, binary: boolean): void
  /** The client exceeds its limits and does not stop. */
  excess(): void
}

/**
 * Slows a socket down to what its client may do: while the account's budget or the frame rate is used up, nothing is read
 * from it, so that a client that sends too much waits for the network. No frame is lost or rejected.
 */
export class Pacer {
  /** Of the account; null before the socket is admitted. */
  budget: Budget | null = null
  /** Frames that were read before the pause took effect, at most one read of the connection; null while not slowed. */
  #held: { data: RawData; binary: boolean }[] | null = null
  #resume_at = Number.NEGATIVE_INFINITY
  #over_rate_since = 0
  #over_rate_until = Number.NEGATIVE_INFINITY
  #stopped = false
  #busy = false

  /** @param bucket of the frame rate; null for no limit */
  constructor(
    private readonly ws: WebSocket,
    private readonly bucket: TokenBucket | null,
    private readonly hooks: Hooks,
  ) {}

  /** Whether frames wait for the budget or the rate. */
  get slowed() {
    return this.#held !== null
  }

  receive(data: RawData, binary: boolean) {
    if (this.#held) this.#held.push({ data, binary })
    else this.#take(data, binary)
  }

  /** Pays for work that was done for the client, or is about to be. @param cost_us µs of the main thread */
  pay(cost_us: number) {
    const { budget } = this
    if (!budget) return
    this.#slow(budget.charge(cost_us))
    if (budget.abused) this.hooks.excess()
  }

  /** Pauses or resumes reading for another reason, which lasts until it is revoked. */
  set busy(busy: boolean) {
    this.#busy = busy
    this.#read()
  }

  /** Nothing more is read; frames that were read already are still taken. */
  stop() {
    this.#stopped = true
    this.#read()
  }

  #take(data: RawData, binary: boolean) {
    const wait_ms = this.bucket?.overdraw() ?? 0
    if (wait_ms > 0) this.#overRate(wait_ms)
    this.pay(prices.frame + (data as Buffer).length * prices.parsed_byte)
    this.hooks.take(data, binary)
  }

  #overRate(wait_ms: number) {
    const now = performance.now()
    if (now - this.#over_rate_until > RECOVERED_MS) this.#over_rate_since = now
    this.#over_rate_until = now + wait_ms
    if (now - this.#over_rate_since > LASTING_MS) this.hooks.excess()
    else this.#slow(wait_ms)
  }

  #slow(wait_ms: number) {
    if (wait_ms === 0) return
    this.#resume_at = Math.max(this.#resume_at, performance.now() + wait_ms)
    if (this.#held) return
    this.#held = []
    this.#read()
    this.#releaseLater()
  }

  #releaseLater() {
    setTimeout(() => this.#release(), Math.max(1, this.#resume_at - performance.now())).unref()
  }

  #release() {
    if (this.#resume_at > performance.now()) return this.#releaseLater()
    const held = this.#held ?? []
    this.#held = null
    for (const [index, { data, binary }] of held.entries()) {
      if (this.#held) {
        this.#held = held.slice(index)
        return
      }
      this.#take(data, binary)
    }
    this.#read()
  }

  #read() {
    const paused = this.#held !== null || this.#busy || this.#stopped
    if (paused) this.ws.pause()
    else if (this.ws.isPaused) this.ws.resume()
  }
}
