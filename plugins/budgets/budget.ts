import { rateLimited } from '../../schemas/error.js'
import { line, type Waiting } from './line.js'

/** What a budget allows, as shares of one core: 100 is 100 ms of the main thread in each second. */
export interface Allowance {
  /** ms of server time that come back in each second; 0 for no limit. */
  ms_per_second: number
  /** ms of server time that may be saved up, and spent faster. */
  reserve_ms: number
}

/** What happened to the work of all payers of one kind. */
export interface BudgetFigures {
  /** Pieces of work that stand in the line now. */
  waiting: number
  /** Pieces of work that had to wait because their payer was over its pace or out of budget. */
  delayed: number
  /** What was refused instead: a request or a connection of a payer with nothing left, or work beyond WAITING_MAX. */
  refused: Record<'request' | 'connection' | 'line', number>
}

export const noFigures = (): BudgetFigures => ({
  waiting: 0,
  delayed: 0,
  refused: { request: 0, connection: 0, line: 0 },
})

/** However much a payer has saved, it spends at most this share of a core… */
const PACE = 0.25
/** …with so much at once, ms: no turn of the event loop is to take over 20 ms. */
const PACE_BURST_MS = 4
/** Pieces of work of one payer that wait: one for each connection or request. */
const WAITING_MAX = 2000
/** A payer that stays out of budget for so long is not busy but abusive, ms. */
const LASTING_MS = 20_000

/**
 * The server time that one payer, an account or an address, may use: two token buckets on the monotonic clock. The pace
 * spreads work, so that the event loop stays free for others; the reserve bounds it over time.
 *
 * Each bucket is kept as the time at which it will be full again (GCRA), so a budget that nobody uses costs nothing.
 */
export class Budget implements Waiting {
  #paced_until = 0
  #full_at = 0
  /** When the reserve was used up, if it has not recovered to a half since. */
  #exhausted_at: number | null = null
  readonly #waiting: { cost_us: number; begin: () => void }[] = []
  /** Connections that hold this budget. */
  holders = 0

  constructor(
    private readonly allowance: Allowance,
    private readonly now: () => number = () => performance.now(),
    private readonly figures: BudgetFigures = noFigures(),
  ) {}

  /**
   * Takes the price of work that is about to be done, when that may begin.
   * @param cost_us µs of the main thread
   * @returns null if the work may begin at once, else what resolves when it may: in the order of the calls, in a turn of
   *   the event loop that has time for it
   * @throws (rejects) RateLimited if WAITING_MAX pieces of work wait already
   */
  turn(cost_us: number): Promise<void> | null {
    if (this.#waiting.length === 0 && this.wait_ms() === 0) {
      this.charge(cost_us)
      return null
    }
    this.figures.delayed++
    return this.inLine(cost_us)
  }

  /** As `turn`, for work that can wait for the next turn of the event loop even if its payer is within its pace. */
  inLine(cost_us: number): Promise<void> {
    if (this.#waiting.length >= WAITING_MAX) return Promise.reject(this.refuse('line'))
    return new Promise(begin => {
      this.#waiting.push({ cost_us, begin })
      this.figures.waiting++
      line.join(this)
    })
  }

  /** Takes the price of work that was done; it may put the payer into debt. @param cost_us µs of the main thread */
  charge(cost_us: number) {
    const { ms_per_second, reserve_ms } = this.allowance
    if (ms_per_second === 0) return
    const now = this.now()
    const cost_ms = cost_us / 1000
    this.#paced_until = Math.max(this.#paced_until, now) + cost_ms / PACE
    this.#full_at = Math.max(this.#full_at, now) + (cost_ms / ms_per_second) * 1000
    const missing_ms = ((this.#full_at - now) / 1000) * ms_per_second
    if (missing_ms > reserve_ms) this.#exhausted_at ??= now
    else if (missing_ms < reserve_ms / 2) this.#exhausted_at = null
  }

  /** ms until the next piece of work may begin. */
  wait_ms(): number {
    const { ms_per_second, reserve_ms } = this.allowance
    if (ms_per_second === 0) return 0
    const now = this.now()
    const pace_ms = this.#paced_until - now - PACE_BURST_MS / PACE
    const reserve_wait_ms = this.#full_at - now - (reserve_ms / ms_per_second) * 1000
    return Math.ceil(Math.max(0, pace_ms, reserve_wait_ms))
  }

  /** Pieces of work that wait. */
  get waiting() {
    return this.#waiting.length
  }

  beginNext(): number {
    const wait_ms = this.wait_ms()
    if (wait_ms > 0) return wait_ms
    const next = this.#waiting.shift()
    if (!next) return 0
    this.figures.waiting--
    this.charge(next.cost_us)
    next.begin()
    return 0
  }

  /** Counts what is refused. @returns the error that says when to try again */
  refuse(kind: keyof BudgetFigures['refused']) {
    this.figures.refused[kind]++
    return rateLimited(this.wait_ms())
  }

  /** Whether nothing is left: refuse instead of delaying. */
  get exhausted(): boolean {
    const { ms_per_second, reserve_ms } = this.allowance
    return ms_per_second > 0 && this.#full_at - this.now() > (reserve_ms / ms_per_second) * 1000
  }

  /** Whether it has been out of budget for so long that its connections are to be closed. */
  get abused(): boolean {
    return this.#exhausted_at !== null && this.now() - this.#exhausted_at > LASTING_MS
  }

  /** Whether nothing was taken lately and nothing waits, so that a new budget is as good as this one. */
  get full(): boolean {
    const now = this.now()
    return this.#waiting.length === 0 && this.#full_at <= now && this.#paced_until <= now
  }
}

/** Pays for what is nobody's: it is done in turn with other work and never refused. */
export const free = new Budget({ ms_per_second: 0, reserve_ms: 0 })
