import type { Budget } from '../budgets/index.js'

/** How long one step may keep the event loop, ms. */
const STEP_MS = 3
/** Work of one search, µs; then it returns what it has. */
const WORK_MAX_US = 500_000
/** A search that would have to wait longer than this returns what it has. */
const WAIT_MAX_MS = 2000

export type Pace = ReturnType<typeof createPace>

/** Cuts the work of one search into short steps, which its account pays for. */
export function createPace(budget: Budget) {
  let started_at = performance.now()
  let unpaid_us = 0
  let worked_us = 0

  return {
    worked(cost_us: number) {
      unpaid_us += cost_us
      worked_us += cost_us
    },

    /** Whether the step has taken its time. */
    get isDue() {
      return performance.now() - started_at >= STEP_MS
    },

    /** Ends a step and waits for the next one. @returns whether there is to be a next one */
    async rest(): Promise<boolean> {
      this.pay()
      if (worked_us >= WORK_MAX_US || budget.wait_ms() > WAIT_MAX_MS) return false
      await budget.inLine(0)
      started_at = performance.now()
      return true
    },

    /** Charges what was not paid yet. */
    pay() {
      budget.charge(unpaid_us)
      unpaid_us = 0
    },
  }
}
