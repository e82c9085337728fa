import { once } from 'node:events'
import type { Socket } from 'node:net'
import type { ClientFrames, ServerFrame } from '../../schemas/frame.js'
import { type CloseReason, limits } from '../../schemas/wire.js'
import { prices } from '../budgets/index.js'
import type { RoomView } from '../room-log/index.js'
import type { Store } from '../store/index.js'
import type { Feed, Mute, Subscriber } from './feed.js'
import { frameText } from './framing.js'

/** What a subscription needs of its socket. */
export interface Connection {
  readonly username: string
  /** The TCP connection under the WebSocket. */
  readonly socket: Socket
  readonly open: boolean
  send(frame: ServerFrame): void
  /** @param framed complete WebSocket frames */
  write(framed: Buffer): void
  close(reason: CloseReason): void
  /** Takes the price of what is done for this client from its budget. @param cost_us µs of the main thread */
  pay(cost_us: number): void
  /** As `pay`, before the work. @returns null, or what resolves when it may begin, as `Budget.turn` */
  turn(cost_us: number): Promise<void> | null
  /** The user's membership or the room ended. */
  roomEnded(room_id: string, reason: CloseReason): void
}

/** What a client asks for when it subscribes. */
type ResumeFrom = Pick<ClientFrames['subscribe'], 'after' | 'epoch' | 'merge_reactions'>

/** Whether few enough events are missed. With merged reactions only the others count, up to a bound. */
async function isShort(store: Store, room_id: string, after: number, missed: number, merge: boolean) {
  if (missed <= limits.REPLAY_MAX) return true
  if (!merge || missed > limits.REPLAY_REACTIONS_MAX) return false
  return missed - (await store.countReacted(room_id, after)) <= limits.REPLAY_MAX
}

/** Unsent bytes at which replay waits for the socket to drain. */
const UNSENT_BYTES_PAUSE = 256 * 1024

/** One socket's subscription to one room. */
export class Subscription implements Subscriber {
  readonly acks: Buffer[] = []
  readonly ephemeral: Buffer[] = []
  typing = false
  /** When the room was last told, by the monotonic clock. */
  typed_at = Number.NEGATIVE_INFINITY
  /** Whether the user is muted, as of an event. */
  #mute: { seq: number; mute: Mute | undefined } = { seq: 0, mute: undefined }
  /** How it began: without history, resumed, or told to start over. */
  began: 'new' | 'resumed' | 'reset' = 'new'

  constructor(
    private readonly connection: Connection,
    readonly feed: Feed,
  ) {
    feed.waiting.add(this)
  }

  get username() {
    return this.connection.username
  }

  get socket() {
    return this.connection.socket
  }

  get open() {
    return this.connection.open
  }

  get live() {
    return this.feed.live.has(this)
  }

  get #attached() {
    return this.open && (this.feed.waiting.has(this) || this.live)
  }

  ended(room_id: string, reason: CloseReason) {
    this.connection.roomEnded(room_id, reason)
  }

  muted(seq: number, mute: Mute | undefined) {
    if (seq >= this.#mute.seq) this.#mute = { seq, mute }
  }

  /** Until when the user must not type; undefined if the user may. */
  get mute(): Mute | undefined {
    const { mute } = this.#mute
    return mute?.until !== undefined && Date.parse(mute.until) <= Date.now() ? undefined : mute
  }

  slow() {
    this.connection.close('too_slow')
  }

  /** Confirms an event that this socket requested: with the room's next flush, or at once if the socket gets none yet. */
  ack(frame: Buffer) {
    if (this.live) this.feed.ack(this, frame)
    else this.connection.write(frame)
  }

  /**
   * Sends `welcome`, replays all events after `after`, and joins the flush in the very turn in which the socket has
   * received exactly what was flushed. So no event falls between replay and live, and none comes twice.
   *
   * @param view read after this subscription was attached
   * @throws StoreUnavailable
   */
  async start(
    view: RoomView,
    store: Store,
    from: ResumeFrom,
    welcome: { online: string[]; online_count: number; heartbeat_ms: number },
  ) {
    const { feed, connection } = this
    const { room_id } = feed
    const { epoch } = store
    this.muted(view.seq, view.rowOf(this.username)?.muted)
    const { after, merge_reactions: merge = false } = from
    const known = after !== undefined && after <= view.seq
    const short = known && (await isShort(store, room_id, after, view.seq - after, merge))
    await feed.hold()
    if (!this.#attached) return
    const same = from.epoch === undefined || from.epoch === epoch
    // What was erased since cannot be told by its events.
    const kept = (view.room?.emptied_seq ?? 0) <= (after ?? 0)
    const resumed = same && kept && short
    const seq = resumed ? view.seq : feed.flushed
    connection.send({ type: 'welcome', room_id, seq, epoch, ...welcome, resumed })
    if (resumed) {
      this.began = 'resumed'
      return this.#catchUp(after as number, merge)
    }
    if (after !== undefined) {
      this.began = 'reset'
      connection.send({ type: 'reset', room_id, seq, epoch })
    }
    this.#goLive()
  }

  /** There must be no await, not even of a finished promise, between the last check of `flushed` and this call. */
  #goLive() {
    if (!this.feed.waiting.delete(this)) return
    for (const frame of this.ephemeral.splice(0)) this.connection.write(frameText(frame))
    this.feed.live.add(this)
  }

  async #catchUp(after: number, merge: boolean) {
    const { feed, socket } = this
    let cursor = after
    while (this.#attached && cursor !== feed.flushed) {
      if (cursor > feed.flushed) {
        // The client has an event from another server that the bus has not delivered here yet.
        const flushed = feed.nextFlush()
        void feed.order.repair()
        await flushed
        continue
      }
      // What their bytes cost is known only when they were read.
      await this.connection.turn(Math.min(feed.replay.limit, feed.flushed - cursor) * prices.replayed_event)
      if (!this.#attached) return
      const missed = await feed.replay.read(cursor, merge ? feed.flushed : undefined)
      const flushed = missed.filter(({ seq }) => seq <= feed.flushed)
      const replayed = Buffer.concat(flushed.map(({ frame }) => frame))
      this.connection.pay(replayed.length * prices.replayed_byte)
      await feed.hold()
      if (!this.#attached) return
      this.connection.write(replayed)
      cursor = flushed.at(-1)?.seq ?? cursor
      if (socket.writableLength > UNSENT_BYTES_PAUSE) {
        await Promise.race([once(socket, 'drain'), once(socket, 'close')]).catch(() => {})
      }
    }
    this.#goLive()
  }
}
