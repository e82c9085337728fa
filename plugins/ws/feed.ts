import type { Socket } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { factsOf } from '../../schemas/event-types.js'
import type { CloseReason } from '../../schemas/wire.js'
import { unpack } from '../room-log/index.js'
import type { Store } from '../store/index.js'
import { framedLength, writeFrame } from './framing.js'
import { EventOrder, type EventSink } from './order.js'
import { Replay } from './replay.js'

/** What a room's feed needs of a socket that follows the room. */
export interface Subscriber {
  readonly username: string
  /** The TCP connection under the WebSocket; complete frames are written to it. */
  readonly socket: Socket
  /** Whether frames may still be written. */
  readonly open: boolean
  /** Framed acks that are written right before the next flush of the room. */
  readonly acks: Buffer[]
  /** Ephemeral frames that were flushed while the socket was catching up; at most EPHEMERAL_MAX. */
  readonly ephemeral: Buffer[]
  /** The user was muted by the event `seq`, or is no longer. */
  muted(seq: number, mute: Mute | undefined): void
  /** The membership or the room ended. Nothing of the room follows. */
  ended(room_id: string, reason: CloseReason): void
  /** More than UNSENT_BYTES_MAX bytes are unsent. */
  slow(): void
}

/** Unsent bytes at which a socket is closed as too slow. */
export const UNSENT_BYTES_MAX = 1024 * 1024
/**
 * Frames that wait for a flush. Excess events are read again from the store later, excess ephemeral frames are dropped.
 * Only a hold lets the queue grow so long.
 */
const PENDING_MAX = 5000
/** Ephemeral frames buffered per catching-up socket; excess is dropped, the next update supersedes it. */
const EPHEMERAL_MAX = 1000
/** Sockets that a flush writes to before it lets other work run. */
const SLICE = 256
/** A room rests as long as its last flush took, so that at most half of a core goes into one room; but no longer than this. */
const REST_MAX_MS = 20

/** A mute, until a time or for good. */
export type Mute = { until?: string | undefined }

/** An event that ends memberships. */
interface Ending {
  /** Empty for all members. */
  member: string
  reason: CloseReason
}

/** A frame that waits for the next flush. */
interface Pending {
  frame: Buffer
  /** 0 for an ephemeral frame. */
  seq: number
  ending: Ending | null
}

/**
 * Writes one room's events to this server's sockets: in order, each once, framed once for all sockets.
 *
 * A quiet room is flushed at the end of the event loop's turn, a busy one after a rest, because most of the cost is the
 * kernel's write, some µs for each socket.
 */
export class Feed implements EventSink {
  /** Sockets that receive each flush. */
  readonly live = new Set<Subscriber>()
  /** Sockets that are still catching up. */
  readonly waiting = new Set<Subscriber>()
  /** Subscriptions that use the feed or are about to; counted by the hub. */
  followers = 0
  /** Every event up to here was written to the live sockets. */
  flushed = 0
  readonly order: EventOrder
  readonly replay: Replay
  #closed = false
  #pending: Pending[] = []
  readonly #acked = new Set<Subscriber>()
  #unsubscribe: (() => void) | undefined
  #flush_at: NodeJS.Timeout | NodeJS.Immediate | undefined
  #rest_until = 0
  /** How long the current flush has written, ms. */
  #worked_ms = 0
  #flushing = false
  #next_flush: Promise<void> | null = null
  #resolveNextFlush = () => {}

  /**
   * @param deliveries called with the number of frames and of sockets of each flush
   * @param hold null if frames may be written now, else resolves when they may: a server that cannot know which users
   *   are logged out delivers nothing
   */
  constructor(
    readonly room_id: string,
    private readonly store: Store,
    private readonly deliveries: (frames: number, sockets: number) => void,
    readonly hold: () => Promise<void> | null = () => null,
  ) {
    this.order = new EventOrder(room_id, store, this)
    this.replay = new Replay(room_id, store)
  }

  /** Subscribes before it reads the head, so that no event between the two is lost. */
  async start(subscribe: (handler: (envelope: Uint8Array) => void) => Promise<() => void>) {
    this.#unsubscribe = await subscribe(envelope => this.receive(envelope))
    const head = await this.store.readHead(this.room_id)
    this.flushed = head
    this.order.start(head)
  }

  close() {
    this.#closed = true
    this.#unsubscribe?.()
    this.order.close()
    clearTimeout(this.#flush_at as NodeJS.Timeout)
    clearImmediate(this.#flush_at as NodeJS.Immediate)
    this.#announceFlush()
  }

  /** Takes an envelope from the bus. */
  receive(bytes: Uint8Array) {
    const envelope = unpack(bytes)
    if (!envelope) return
    if (envelope.kind === 'ephemeral') this.broadcast(envelope.frame)
    else this.order.receive(envelope.first, envelope.frames, envelope.membership)
  }

  /** Sends an ephemeral frame to all live sockets. */
  broadcast(frame: Buffer) {
    if (this.full) return
    this.#pending.push({ frame, seq: 0, ending: null })
    this.#schedule()
  }

  /** Sends an ack to one live subscriber, before the event that it confirms. */
  ack(subscriber: Subscriber, frame: Buffer) {
    subscriber.acks.push(frame)
    this.#acked.add(subscriber)
    this.#schedule()
  }

  /** Resolves when everything received by now is written, acks included. Does not wait for what is received later. */
  async settled() {
    if (this.#flushing) await this.nextFlush()
    if (!this.#closed && (this.#pending.length > 0 || this.#acked.size > 0)) await this.nextFlush()
  }

  /** Resolves after the next flush, or when the feed closes. All callers share one promise. */
  nextFlush(): Promise<void> {
    this.#next_flush ??= new Promise(resolve => {
      this.#resolveNextFlush = resolve
    })
    return this.#next_flush
  }

  detach(subscriber: Subscriber) {
    this.live.delete(subscriber)
    this.waiting.delete(subscriber)
    this.#acked.delete(subscriber)
  }

  get full() {
    return this.#pending.length >= PENDING_MAX
  }

  /** Called by `order` with each event. */
  take(seq: number, frame: Buffer, membership: boolean) {
    this.#pending.push({ frame, seq, ending: membership ? this.#decisive(seq, frame) : null })
    this.#schedule()
  }

  /** Looks at an event that changes what users may do. @returns the memberships that it ends */
  #decisive(seq: number, frame: Buffer): Ending | null {
    const {
      type,
      member = '',
      until,
    } = JSON.parse(frame.toString()) as { type: string; member?: string; until?: string }
    if (type === 'muted' || type === 'unmuted') {
      for (const subscriber of [...this.live, ...this.waiting]) {
        if (subscriber.username === member) subscriber.muted(seq, type === 'muted' ? { until } : undefined)
      }
    }
    return endingOf(type, member)
  }

  #schedule() {
    if (this.#flush_at || this.#flushing || this.#closed) return
    const wait = this.#rest_until - performance.now()
    const flush = () => {
      this.#flush_at = undefined
      void this.#flush()
    }
    this.#flush_at = wait >= 1 ? setTimeout(flush, wait) : setImmediate(flush)
  }

  async #flush() {
    this.#flushing = true
    await this.hold()
    this.#worked_ms = 0
    const pending = this.#pending
    this.#pending = []
    for (let start = 0; start < pending.length && !this.#closed; ) {
      let end = start
      while (end < pending.length && !pending[end]?.ending) end++
      // An event that ends a membership ends the segment, so that the former member receives nothing after it.
      if (end < pending.length) end++
      const segment = pending.slice(start, end)
      this.deliveries(segment.length, this.live.size)
      const last = segment.findLast(({ seq }) => seq > 0)
      const receivers = [...this.live]
      this.#keepEphemeral(segment)
      if (last) this.flushed = last.seq
      await this.#write(concatenate(segment.map(({ frame }) => frame)), receivers)
      const ending = segment.at(-1)?.ending
      if (ending) this.#end(ending)
      start = end
    }
    for (const subscriber of this.#acked) this.#writeAcks(subscriber)
    this.#acked.clear()
    this.#rest_until = performance.now() + Math.min(this.#worked_ms, REST_MAX_MS)
    this.#flushing = false
    this.#announceFlush()
    if (this.#pending.length > 0) this.#schedule()
  }

  /** Without this, a catching-up socket would show a wrong online state until that user's state changes again. */
  #keepEphemeral(segment: Pending[]) {
    for (const { ephemeral } of this.waiting) {
      for (const { frame, seq } of segment) if (seq === 0 && ephemeral.length < EPHEMERAL_MAX) ephemeral.push(frame)
    }
  }

  #announceFlush() {
    this.#next_flush = null
    this.#resolveNextFlush()
  }

  async #write(buffer: Buffer, receivers: Subscriber[]) {
    let began_at = performance.now()
    for (const [index, subscriber] of receivers.entries()) {
      if (index > 0 && index % SLICE === 0) {
        this.#worked_ms += performance.now() - began_at
        await nextTurn()
        await this.hold()
        began_at = performance.now()
      }
      if (!this.live.has(subscriber) || !subscriber.open) continue
      const { socket, acks } = subscriber
      if (socket.writableLength > UNSENT_BYTES_MAX) subscriber.slow()
      else socket.write(acks.length > 0 ? Buffer.concat([...acks.splice(0), buffer]) : buffer)
    }
    this.#worked_ms += performance.now() - began_at
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

function endingOf(type: string, member: string): Ending | null {
  const ends = factsOf(type)?.ends
  if (ends === undefined) return null
  return { member: ends.whose === 'everyone' ? '' : member, reason: ends.reason }
}

function concatenate(frames: Buffer[]): Buffer {
  const buffer = Buffer.allocUnsafe(frames.reduce((sum, frame) => sum + framedLength(frame.length), 0))
  let offset = 0
  for (const frame of frames) offset = writeFrame(buffer, offset, frame)
  return buffer
}
