import { errors } from '../../schemas/error.js'
import { limits } from '../../schemas/wire.js'
import { encodeEvent } from '../room-log/index.js'
import type { Store } from '../store/index.js'
import { frameText } from './framing.js'

/** Events per read. */
const EVENTS_MIN = 5
const EVENTS_MAX = 100
/** Bytes that a read aims at: decoding and encoding them is one turn of the event loop. */
const READ_BYTES = 32 * 1024
/** Reads of one room at a time. Sockets resume at most REPLAY_MAX events behind, so only a fault reaches it. */
const READS_MAX = limits.REPLAY_MAX

/** One event as a WebSocket frame. */
export interface FramedEvent {
  seq: number
  frame: Buffer
}

/** Reads one room's past events for resuming sockets. Sockets that resume from the same seq at once share the read. */
export class Replay {
  /** Reads in progress, by the seq that they start after. */
  readonly #reads = new Map<number, Promise<FramedEvent[]>>()
  /** Of the last read; before it, long messages are assumed. */
  #bytes_per_event = READ_BYTES / EVENTS_MIN

  constructor(
    private readonly room_id: string,
    private readonly store: Store,
  ) {}

  /** Events that the next read returns at most: fewer while they are long. */
  get limit(): number {
    return Math.min(EVENTS_MAX, Math.max(EVENTS_MIN, Math.floor(READ_BYTES / this.#bytes_per_event)))
  }

  /**
   * @returns the next stored events after `after`, at most `limit`, including any that the feed has not flushed yet
   * @throws StoreUnavailable, also when READS_MAX reads are in progress
   */
  read(after: number): Promise<FramedEvent[]> {
    let read = this.#reads.get(after)
    if (!read) {
      if (this.#reads.size >= READS_MAX) return Promise.reject(new errors.StoreUnavailable())
      read = this.#read(after).finally(() => this.#reads.delete(after))
      this.#reads.set(after, read)
    }
    return read
  }

  async #read(after: number): Promise<FramedEvent[]> {
    const events = await this.store.readEvents(this.room_id, { after, limit: this.limit })
    const framed = events.map(event => ({ seq: event.seq, frame: frameText(encodeEvent(event)) }))
    if (framed.length > 0) {
      this.#bytes_per_event = framed.reduce((sum, { frame }) => sum + frame.length, 0) / framed.length
    }
    return framed
  }
}
