import { errors } from '../../schemas/error.js'
import { limits } from '../../schemas/wire.js'
import { encodeEvent } from '../room-log/index.js'
import type { Store } from '../store/index.js'
import { frameText } from './framing.js'
import { type Merged, mergeReactions } from './merge-reactions.js'

/** Events per read. */
const EVENTS_MIN = 5
const EVENTS_MAX = 100
/** Bytes that a read aims at: decoding and encoding them is one turn of the event loop. */
const READ_BYTES = 32 * 1024
/** Reads of one room at a time. Sockets resume at most REPLAY_MAX events behind, so only a fault reaches it. */
const READS_MAX = limits.REPLAY_MAX

/** One event, or a run of reactions, as a WebSocket frame. */
export interface FramedEvent {
  /** That of the last event. */
  seq: number
  frame: Buffer
}

const encode = (merged: Merged) =>
  merged.type === 'reactions' ? Buffer.from(JSON.stringify(merged)) : encodeEvent(merged)

/** Reads one room's past events for resuming sockets. Sockets that resume from the same seq at once share the read. */
export class Replay {
  /** Reads in progress, by the seq that they start after, and of those that merge reactions also the one they end at. */
  readonly #reads = new Map<string, Promise<FramedEvent[]>>()
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
   * @param merge_upto the seq up to which to read, with each run of reactions as one frame; by default the events are
   *   read as they are, including any that the feed has not flushed yet
   * @returns the next stored events after `after`, at most `limit`
   * @throws StoreUnavailable, also when READS_MAX reads are in progress
   */
  read(after: number, merge_upto?: number): Promise<FramedEvent[]> {
    const key = `${after} ${merge_upto ?? ''}`
    let read = this.#reads.get(key)
    if (!read) {
      if (this.#reads.size >= READS_MAX) return Promise.reject(new errors.StoreUnavailable())
      read = this.#read(after, merge_upto).finally(() => this.#reads.delete(key))
      this.#reads.set(key, read)
    }
    return read
  }

  async #read(after: number, merge_upto?: number): Promise<FramedEvent[]> {
    const { room_id, store, limit } = this
    const upto = merge_upto !== undefined && { upto: merge_upto }
    const events = await store.readEvents(room_id, { after, limit, ...upto })
    const merged = upto ? await mergeReactions(store, room_id, events) : events
    const framed = merged.map(one => ({ seq: one.seq, frame: frameText(encode(one)) }))
    if (framed.length > 0) {
      this.#bytes_per_event = framed.reduce((sum, { frame }) => sum + frame.length, 0) / events.length
    }
    return framed
  }
}
