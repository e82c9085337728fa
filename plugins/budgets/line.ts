/** How long work that has waited may keep the event loop in one turn, ms. */
const TURN_MS = 4

/** A payer whose work waits. */
export interface Waiting {
  /** Begins the next piece of work if it may begin now. @returns ms until it may, 0 if it was begun */
  beginNext(): number
  /** Pieces of work. */
  readonly waiting: number
}

/**
 * All payers whose work waits. They are served in turn, one piece of work each, for some ms in each turn of the event
 * loop: however much work becomes due at once, other clients are served in between.
 */
class Line {
  readonly #payers = new Set<Waiting>()
  #serving = false
  #timer: NodeJS.Timeout | undefined

  join(payer: Waiting) {
    this.#payers.add(payer)
    this.#serveNextTurn()
  }

  #serveNextTurn() {
    if (this.#serving) return
    this.#serving = true
    clearTimeout(this.#timer)
    setImmediate(() => this.#serve(performance.now()))
  }

  /** Begins one piece of work, and the next one after everything that this one does at once. */
  #serve(began_at: number) {
    let rest_ms = Number.POSITIVE_INFINITY
    for (const payer of this.#payers) {
      const wait_ms = payer.beginNext()
      if (wait_ms > 0) {
        rest_ms = Math.min(rest_ms, wait_ms)
        continue
      }
      this.#payers.delete(payer)
      // To the end of the line.
      if (payer.waiting > 0) this.#payers.add(payer)
      // A tick runs when no microtask is left.
      queueMicrotask(() => process.nextTick(() => this.#goOn(began_at)))
      return
    }
    this.#serving = false
    if (this.#payers.size > 0) this.#timer = setTimeout(() => this.#serveNextTurn(), rest_ms).unref()
  }

  #goOn(began_at: number) {
    if (performance.now() - began_at < TURN_MS) return this.#serve(began_at)
    this.#serving = false
    if (this.#payers.size > 0) this.#serveNextTurn()
  }
}

/** Of this process: it has one event loop, however many applications run on it. */
export const line = new Line()
