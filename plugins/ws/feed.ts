import type { Socket } from 'node:net'
import { membershipTypes } from '../../schemas/event.js'
import type { CloseReason } from '../../schemas/wire.js'
import { encodeEvent, unpack } from '../room-log/index.js'
import type { Store } from '../store/index.js'
import { framedLength, frameText, writeFrame } from './framing.js'

/** One socket's place in one room's feed. */
export interface Subscriber {
  readonly username: string
  /** The connection under the WebSocket; frames are written to it ready made. */
  readonly socket: Socket
  /** Whether frames may still be written. */
  readonly open: boolean
  /** Frames of acks that go out right before what the room's next flush brings. */
  readonly acks: Buffer[]
  /** Frames that are not in the log and were flushed while it was waiting; at most PASSED_MAX. */
  readonly passed: Buffer[]
  /** The membership ended, or the room. Nothing of the room follows. */
  ended(room_id: string, reason: CloseReason): void
  /** More than UNSENT_BYTES_MAX wait to be sent. */
  slow(): void
}

/** Bytes that may wait in a socket before it is closed as too slow. */
export const UNSENT_BYTES_MAX = 1024 * 1024
/** How long a hole may be filled by what is still on its way, before the store is asked. */
const HOLE_MS = 20
/** Events behind a hole that are kept; beyond, the store brings them. */
const EARLY_MAX = 2000
/** Frames that wait for a flush; beyond, what is in the log is read again later. Only a hold lets them grow so many. */
const PENDING_MAX = 5000
/** Beyond so many, who is still waiting does without: the next change of each kind tells. */
const PASSED_MAX = 1000
const REPAIR_LIMIT = 500
/** Events read at once for who comes back. */
const MISSED_LIMIT = 100
const RETRY_MS = 250
/** Sockets that one slice of a flush writes to before other work goes on. */
const SLICE = 256
/** A room's flushes are this far apart for each of its sockets: half of a core at the most goes into one room. */
const GAP_MS_PER_SOCKET = 0.02
const GAP_MAX_MS = 20

/** One event as a WebSocket frame. */
export interface FramedEvent {
  seq: number
  frame: Buffer
}

/** A subscriber's membership that an event ends. */
interface Ending {
  /** Empty for everybody's. */
  member: string
  reason: CloseReason
}

/**
 * One room's events on their way to this server's sockets: in order, each once, framed once for all.
 *
 * Events come from the bus in any order and from the store where a hole stays. A quiet room is flushed at the end of
 * the event loop's turn, a busy one at most once per gap, since the kernel's write (some µs a socket) is the cost.
 */
export class Feed {
  /** Sockets that get each flush. */
  readonly live = new Set<Subscriber>()
  /** Sockets that still read what they missed. */
  readonly waiting = new Set<Subscriber>()
  /** Sessions that follow, or are about to; kept by the hub. */
  followers = 0
  /** Every event up to here was handed to the live sockets. */
  flushed = 0
  /** Every event up to here came in, without a hole. */
  #accepted = 0
  #started = false
  #closed = false
  #pending: { frame: Buffer; seq: number; ending: Ending | null }[] = []
  readonly #early = new Map<number, { frame: Buffer; membership: boolean }>()
  readonly #acked = new Set<Subscriber>()
  /** Looks at the store under way, by the seq that they begin behind. */
  readonly #looks = new Map<number, Promise<FramedEvent[]>>()
  #unsubscribe: (() => void) | undefined
  #flush_at: NodeJS.Timeout | NodeJS.Immediate | undefined
  #flushed_at = 0
  #flushing = false
  #flush_waiters: (() => void)[] = []
  #repair_at: NodeJS.Timeout | undefined
  #repairing = false

  /**
   * @param deliveries told the number of frames and sockets of each flush
   * @param hold null where frames may be written, else resolves when they may: a server that cannot know who is logged
   *   out delivers nothing
   */
  constructor(
    readonly room_id: string,
    private readonly store: Store,
    private readonly deliveries: (frames: number, sockets: number) => void,
    readonly hold: () => Promise<void> | null = () => null,
  ) {}

  /** The last seq without a hole before it; null before the feed has begun. */
  get position(): number | null {
    return this.#started ? this.#accepted : null
  }

  /** Listens first, then reads the head: what comes in between is not lost. */
  async start(subscribe: (handler: (envelope: Uint8Array) => void) => Promise<() => void>) {
    this.#unsubscribe = await subscribe(envelope => this.receive(envelope))
    const head = await this.store.readHead(this.room_id)
    this.flushed = head
    this.#accepted = head
    this.#started = true
    this.#takeEarly()
  }

  close() {
    this.#closed = true
    this.#unsubscribe?.()
    clearTimeout(this.#repair_at)
    clearTimeout(this.#flush_at as NodeJS.Timeout)
    clearImmediate(this.#flush_at as NodeJS.Immediate)
    this.#tellFlushed()
  }

  /** Takes what the bus brings. */
  receive(bytes: Uint8Array) {
    const envelope = unpack(bytes)
    if (!envelope) return
    if (envelope.kind === 'passing') return this.pass(envelope.frame)
    const { first, frames, membership } = envelope
    for (const [index, frame] of frames.entries()) this.#accept(first + index, frame, membership)
    this.#takeEarly()
  }

  /** A frame that is not in the log, to all live sockets. */
  pass(frame: Buffer) {
    if (this.#pending.length >= PENDING_MAX) return
    this.#pending.push({ frame, seq: 0, ending: null })
    this.#schedule()
  }

  /** Another server told that the log goes up to `seq`. */
  head(seq: number) {
    if (this.#started && seq > this.#accepted) this.#repairSoon(HOLE_MS)
  }

  /** An ack to one live subscriber, before the event that it tells of. */
  ack(subscriber: Subscriber, frame: Buffer) {
    subscriber.acks.push(frame)
    this.#acked.add(subscriber)
    this.#schedule()
  }

  /** Resolves when all that came in by now is written, acks too; what comes in meanwhile is not waited for. */
  async settled() {
    if (this.#flushing) await this.nextFlush()
    if (!this.#closed && (this.#pending.length > 0 || this.#acked.size > 0)) await this.nextFlush()
  }

  /**
   * The next events behind `after`, those that are not flushed yet included. After a restart many come back to the same
   * place at once: they share one look at the store.
   */
  missed(after: number): Promise<FramedEvent[]> {
    const look = this.#looks.get(after) ?? this.#look(after).finally(() => this.#looks.delete(after))
    this.#looks.set(after, look)
    return look
  }

  async #look(after: number): Promise<FramedEvent[]> {
    const events = await this.store.readEvents(this.room_id, { after, limit: MISSED_LIMIT })
    return events.map(event => ({ seq: event.seq, frame: frameText(encodeEvent(event)) }))
  }

  /** Resolves after the next flush, or at the feed's end. */
  nextFlush(): Promise<void> {
    return new Promise(resolve => this.#flush_waiters.push(resolve))
  }

  detach(subscriber: Subscriber) {
    this.live.delete(subscriber)
    this.waiting.delete(subscriber)
    this.#acked.delete(subscriber)
  }

  #accept(seq: number, frame: Buffer, membership: boolean) {
    if (this.#started && seq <= this.#accepted) return
    if (!this.#started || seq > this.#accepted + 1 || this.#pending.length >= PENDING_MAX) {
      if (this.#early.size < EARLY_MAX) this.#early.set(seq, { frame, membership })
      return
    }
    this.#accepted = seq
    this.#pending.push({ frame, seq, ending: membership ? endingOf(frame) : null })
    this.#schedule()
  }

  #takeEarly() {
    if (!this.#started || this.#early.size === 0) return
    for (;;) {
      const next = this.#early.get(this.#accepted + 1)
      // Where the pending ones are too many already, it would only be put back.
      if (!next || this.#pending.length >= PENDING_MAX) break
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

  /** Reads from the store what the bus did not bring. */
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

  #schedule() {
    if (this.#flush_at || this.#flushing || this.#closed) return
    const gap = Math.min(GAP_MAX_MS, this.live.size * GAP_MS_PER_SOCKET)
    const wait = this.#flushed_at + gap - performance.now()
    const flush = () => {
      this.#flush_at = undefined
      void this.#flush()
    }
    this.#flush_at = wait >= 1 ? setTimeout(flush, wait) : setImmediate(flush)
  }

  async #flush() {
    this.#flushing = true
    await this.hold()
    this.#flushed_at = performance.now()
    const pending = this.#pending
    this.#pending = []
    for (let start = 0; start < pending.length && !this.#closed; ) {
      let end = start
      while (end < pending.length && !pending[end]?.ending) end++
      // An event that ends a membership ends the segment: nothing behind it reaches who is out.
      if (end < pending.length) end++
      const segment = pending.slice(start, end)
      this.deliveries(segment.length, this.live.size)
      const last = segment.findLast(({ seq }) => seq > 0)
      const receivers = [...this.live]
      this.#keep(segment)
      if (last) this.flushed = last.seq
      await this.#write(concatenate(segment.map(({ frame }) => frame)), receivers)
      const ending = segment.at(-1)?.ending
      if (ending) this.#end(ending)
      start = end
    }
    for (const subscriber of this.#acked) this.#writeAcks(subscriber)
    this.#acked.clear()
    this.#flushing = false
    this.#tellFlushed()
    if (this.#pending.length > 0) this.#schedule()
  }

  /** Who is waiting is told later of what is not in the log: who is online would stay wrong until it changes again. */
  #keep(segment: { frame: Buffer; seq: number }[]) {
    for (const { passed } of this.waiting) {
      for (const { frame, seq } of segment) if (seq === 0 && passed.length < PASSED_MAX) passed.push(frame)
    }
  }

  #tellFlushed() {
    const waiters = this.#flush_waiters
    this.#flush_waiters = []
    for (const resolve of waiters) resolve()
  }

  async #write(buffer: Buffer, receivers: Subscriber[]) {
    for (const [index, subscriber] of receivers.entries()) {
      if (index > 0 && index % SLICE === 0) {
        await new Promise(resolve => setImmediate(resolve))
        await this.hold()
      }
      if (!this.live.has(subscriber) || !subscriber.open) continue
      const { socket, acks } = subscriber
      if (socket.writableLength > UNSENT_BYTES_MAX) {
        subscriber.slow()
      } else if (acks.length > 0) {
        socket.cork()
        this.#writeAcks(subscriber)
        socket.write(buffer)
        socket.uncork()
      } else {
        socket.write(buffer)
      }
    }
  }

  #writeAcks({ acks, open, socket }: Subscriber) {
    if (open) for (const ack of acks) socket.write(ack)
    acks.length = 0
  }

  #end({ member, reason }: Ending) {
    for (const subscriber of [...this.live, ...this.waiting]) {
      if (member !== '' && subscriber.username !== member) continue
      this.#writeAcks(subscriber)
      this.detach(subscriber)
      subscriber.ended(this.room_id, reason)
    }
  }
}

function endingOf(frame: Buffer): Ending | null {
  const event = JSON.parse(frame.toString()) as { type: string; member?: string }
  if (event.type === 'room_deleted') return { member: '', reason: 'room_gone' }
  if (event.type !== 'left' && event.type !== 'removed') return null
  return { member: event.member as string, reason: 'not_member' }
}

function concatenate(frames: Buffer[]): Buffer {
  const buffer = Buffer.allocUnsafe(frames.reduce((sum, frame) => sum + framedLength(frame.length), 0))
  let offset = 0
  for (const frame of frames) offset = writeFrame(buffer, offset, frame)
  return buffer
}
