import { setTimeout as sleep } from 'node:timers/promises'
import type { RawData, WebSocket } from 'ws'
import { type Budget, prices } from '../budgets/index.js'
import type { TokenBucket } from '../rate-limit/index.js'

/** A socket that exceeds the frame rate for so long, with no pause of RECOVERED_MS, is closed. */
const LASTING_MS = 20_000
const RECOVERED_MS = 2000

interface Frame {
  /** Null for a protocol ping, which ws has answered. */
  data: RawData | null
  binary: boolean
}

/** What a pacer does with its socket. */
interface Hooks {
  /** Handles the next frame. */
  take(data: RawData, binary: boolean): void
  /** The client exceeds its limits and does not stop. */
  excess(): void
}

/**
 * Slows a socket down to what its client may do: while a frame waits for its turn, because the account's budget or the
 * frame rate is used up, nothing is read from the socket. So a client that sends too much waits for the network, and no
 * frame is lost, rejected, or parsed before it is paid for.
 */
export class Pacer {
  /** Of the account; null before the socket is admitted. */
  budget: Budget | null = null
  /** The frame that waits for its turn and those after it, all of one slice of the connection's bytes; null if none waits. */
  #held: Frame[] | null = null
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

  /** Whether frames wait for their turn. */
  get slowed() {
    return this.#held !== null
  }

  receive(data: RawData | null, binary: boolean) {
    if (this.#held) return void this.#held.push({ data, binary })
    const turn = this.#turn(data)
    if (turn === null) return this.#take(data, binary)
    const held = [{ data, binary }]
    this.#held = held
    this.#read()
    // Too many sockets of the account wait.
    this.#takeHeld(held, turn).catch(() => this.hooks.excess())
  }

  /** Pays for work that was done for the client. @param cost_us µs of the main thread */
  pay(cost_us: number) {
    this.budget?.charge(cost_us)
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

  #take(data: RawData | null, binary: boolean) {
    if (data !== null) this.hooks.take(data, binary)
  }

  /** @returns null if a frame may be taken at once, else what resolves when it may */
  #turn(data: RawData | null): Promise<unknown> | null {
    const rate_wait_ms = this.#overRate()
    if (this.budget?.abused) this.hooks.excess()
    const cost_us = prices.frame + ((data as Buffer | null)?.length ?? 0) * prices.parsed_byte
    if (rate_wait_ms > 0) return sleep(rate_wait_ms, null, { ref: false }).then(() => this.budget?.turn(cost_us))
    return this.budget?.turn(cost_us) ?? null
  }

  async #takeHeld(held: Frame[], turn: Promise<unknown> | null) {
    for (let frame = held[0]; frame; frame = held[0]) {
      await turn
      held.shift()
      this.#take(frame.data, frame.binary)
      turn = held[0] ? this.#turn(held[0].data) : null
    }
    this.#held = null
    this.#read()
  }

  /** @returns ms until the rate allows the frame */
  #overRate(): number {
    const wait_ms = this.bucket?.overdraw() ?? 0
    if (wait_ms === 0) return 0
    const now = performance.now()
    if (now - this.#over_rate_until > RECOVERED_MS) this.#over_rate_since = now
    this.#over_rate_until = now + wait_ms
    if (now - this.#over_rate_since > LASTING_MS) this.hooks.excess()
    return wait_ms
  }

  #read() {
    const paused = this.#held !== null || this.#busy || this.#stopped
    if (paused) this.ws.pause()
    else if (this.ws.isPaused) this.ws.resume()
  }
}
