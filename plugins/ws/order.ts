import { membershipTypes } from '../../schemas/event.js'
import { encodeEvent } from '../room-log/index.js'
import type { Store } from '../store/index.js'

/** How long events that are still on their way may take to fill a hole, before the store is read. */
const HOLE_MS = 20
/** Events after a hole that are kept; the store supplies any beyond. */
const EARLY_MAX = 2000
const REPAIR_LIMIT = 500
const RETRY_MS = 250

/** Takes a room's events by ascending seq, each once. */
export interface EventSink {
  /** Whether it takes no more events for now; `EventOrder` reads them again later. */
  readonly full: boolean
  /** @param membership whether the event may end a membership */
  take(seq: number, frame: Buffer, membership: boolean): void
}

/**
 * Puts one room's events in order and fills the holes.
 *
 * The bus may drop, repeat and reorder events. Events after a hole wait for HOLE_MS; then the store is read.
 */
export class EventOrder {
  /** Every event up to here was given to the sink. */
  #accepted = 0
  #started = false
  #closed = false
  readonly #early = new Map<number, { frame: Buffer; membership: boolean }>()
  #repair_at: NodeJS.Timeout | undefined
  #repairing = false

  constructor(
    private readonly room_id: string,
    private readonly store: Store,
    private readonly sink: EventSink,
  ) {}

  /** The last seq without a hole before it; null before the start. */
  get position(): number | null {
    return this.#started ? this.#accepted : null
  }

  /** @param head the seq after which events are delivered; events that were received earlier are not lost */
  start(head: number) {
    this.#accepted = head
    this.#started = true
    this.#takeEarly()
  }

  close() {
    this.#closed = true
    clearTimeout(this.#repair_at)
  }

  /** @param frames JSON of the events with seq first, first+1, … */
  receive(first: number, frames: Buffer[], membership: boolean) {
    for (const [index, frame] of frames.entries()) this.#accept(first + index, frame, membership)
    this.#takeEarly()
  }

  /** Another server announced that the log goes up to `seq`. */
  head(seq: number) {
    if (this.#started && seq > this.#accepted) this.#repairSoon(HOLE_MS)
  }

  /** Reads from the store what the bus did not deliver. Retries on its own when the store fails. */
  async repair() {
    if (this.#repairing || this.#closed || !this.#started) return
    this.#repairing = true
    let failed = false
    try {
      for (;;) {
        const after = this.#accepted
        const events = await this.store.readEvents(this.room_id, { after, limit: REPAIR_LIMIT })
        for (const event of events) this.#accept(event.seq, encodeEvent(event), membershipTypes.has(event.type))
        failed = events.length > 0 && this.#accepted === after
        if (events.length < REPAIR_LIMIT || failed) break
      }
    } catch {
      failed = true
    }
    this.#repairing = false
    if (failed) this.#repairSoon(RETRY_MS)
    else this.#takeEarly()
  }

  #accept(seq: number, frame: Buffer, membership: boolean) {
    if (this.#started && seq <= this.#accepted) return
    if (!this.#started || seq > this.#accepted + 1 || this.sink.full) {
      if (this.#early.size < EARLY_MAX) this.#early.set(seq, { frame, membership })
      return
    }
    this.#accepted = seq
    this.sink.take(seq, frame, membership)
  }

  #takeEarly() {
    if (!this.#started || this.#early.size === 0) return
    for (;;) {
      const next = this.#early.get(this.#accepted + 1)
      // A full sink would only cause the event to be put back.
      if (!next || this.sink.full) break
      this.#early.delete(this.#accepted + 1)
      this.#accept(this.#accepted + 1, next.frame, next.membership)
    }
    for (const seq of this.#early.keys()) if (seq <= this.#accepted) this.#early.delete(seq)
    if (this.#early.size > 0) this.#repairSoon(HOLE_MS)
  }

  #repairSoon(delay_ms: number) {
    if (this.#repair_at || this.#repairing || this.#closed) return
    this.#repair_at = setTimeout(() => {
      this.#repair_at = undefined
      void this.repair()
    }, delay_ms)
  }
}
