import type { Load } from './loads.js'

/** Of the latencies counted: 0.1 ms a step, up to 30 s. */
const STEP_MS = 0.1
const STEPS = 300_000

/**
 * What all receivers of a run got. The first receiver of a room's next message sets the room's order; everybody else
 * must get the same, so that one comparison a delivery tells what is lost, doubled or out of order.
 */
export class Audience {
  delivered = 0
  /** Deliveries against the room's order or their sender's, doubled ones too. */
  out_of_order = 0
  sent = 0
  /** Latencies count for messages from this number on. */
  measured_from = Number.POSITIVE_INFINITY

  private readonly order: Int32Array[]
  private readonly heads: Int32Array
  /** Of each socket: how far in its room's order it is. */
  private readonly positions: Int32Array
  /** Of each socket: the last message of its own that is in the order. */
  private readonly last_said: Int32Array
  private readonly sent_at: Float64Array
  private readonly steps = new Int32Array(STEPS)

  /** @param max bound on the messages of the run, all rooms together */
  constructor(
    private readonly load: Load,
    max: number,
  ) {
    const { rooms, sockets } = load
    this.order = Array.from({ length: rooms }, () => new Int32Array(Math.ceil(max / rooms)))
    this.heads = new Int32Array(rooms)
    this.positions = new Int32Array(rooms * sockets)
    this.last_said = new Int32Array(rooms * sockets).fill(-1)
    this.sent_at = new Float64Array(max)
  }

  /** The room and the socket, counted over all rooms, that message n is said in and by: all take their turns. */
  room(n: number) {
    return n % this.load.rooms
  }
  sender(n: number) {
    return this.room(n) * this.load.sockets + (Math.floor(n / this.load.rooms) % this.load.sockets)
  }

  /** @returns the number of the message that is sent now */
  send(now: number) {
    this.sent_at[this.sent] = now
    return this.sent++
  }

  receive(room: number, socket: number, n: number, now: number) {
    const order = this.order[room] as Int32Array
    const position = this.positions[socket] as number
    const head = this.heads[room] as number
    if (position < head ? order[position] === n : this.isNext(room, n)) {
      if (position === head) {
        order[head] = n
        this.heads[room] = head + 1
      }
      this.positions[socket] = position + 1
    } else {
      const ahead = order.subarray(position, head).indexOf(n)
      if (ahead === -1) this.out_of_order++
      // What was skipped is lost, unless it comes later and is counted above.
      else this.positions[socket] = position + ahead + 1
    }
    this.delivered++
    if (n >= this.measured_from) {
      const step = Math.min(Math.floor((now - (this.sent_at[n] as number)) / STEP_MS), STEPS - 1)
      this.steps[step] = (this.steps[step] as number) + 1
    }
  }

  private isNext(room: number, n: number) {
    const sender = this.sender(n)
    if (this.room(n) !== room || !(n < this.sent) || n <= (this.last_said[sender] as number)) return false
    this.last_said[sender] = n
    return true
  }

  /** Deliveries still to come; after the wait for them: lost ones. */
  get missing() {
    return Math.max(0, this.sent * this.load.sockets - this.delivered)
  }

  /** @returns ms, rounded up to a step; null when no latency was counted */
  percentile(share: number): number | null {
    const count = this.steps.reduce((sum, n) => sum + n, 0)
    let below = 0
    const step = this.steps.findIndex(n => {
      below += n
      return n > 0 && below >= count * share
    })
    return step === -1 ? null : Math.round((step + 1) * STEP_MS * 10) / 10
  }
}
