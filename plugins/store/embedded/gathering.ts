import type { Write } from './writes.js'

/** How long a busy store gathers writes, from the start of one commit to the start of the next, ms. */
const GATHER_MS = 4
/** How often it is decided whether the store is busy, ms. */
const WINDOW_MS = 100
/** What a busy store commits: events of so many senders (counted in each room)… */
const SENDERS_MIN = 8
/** …and so many events a ms. */
const EVENTS_PER_MS = 0.5

/**
 * Decides whether writes wait for others, so that they share a commit: most of its cost is the sync, whatever it holds.
 * That is worth some ms if many senders talk. Few senders that wait for each ack would only wait longer.
 */
export class Gathering {
  /** How long to gather now, ms. */
  ms = 0
  #senders = new Set<string>()
  #events = 0
  #since = 0

  /** Takes note of a commit that starts. */
  commit(writes: Write[], now: number) {
    for (const { name, args } of writes) {
      if (name !== 'append') {
        this.#senders.add(name)
        this.#events++
        continue
      }
      const [room_id, , events] = args
      for (const { username } of events) this.#senders.add(`${room_id} ${username}`)
      this.#events += events.length
    }
    const ms = now - this.#since
    if (ms < WINDOW_MS) return
    this.ms = this.#senders.size >= SENDERS_MIN && this.#events >= ms * EVENTS_PER_MS ? GATHER_MS : 0
    this.#senders.clear()
    this.#events = 0
    this.#since = now
  }
}
