import { errors } from '../../schemas/error.js'
import { limits } from '../../schemas/wire.js'
import { encodeEvent } from '../room-log/index.js'
import type { Store } from '../store/index.js'
import { frameText } from './framing.js'

/** Events per read. */
export const EVENTS_PER_READ = 100
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

  constructor(
    private readonly room_id: string,
    private readonly store: Store,
  ) {}

  /**
   * @returns the next stored events after `after`, at most EVENTS_PER_READ, including any that the feed has not flushed yet
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
    const events = await this.store.readEvents(this.room_id, { after, limit: EVENTS_PER_READ })
    return events.map(event => ({ seq: event.seq, frame: frameText(encodeEvent(event)) }))
  }
}
