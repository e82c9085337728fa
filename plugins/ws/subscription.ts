import { once } from 'node:events'
import { limits } from '../../schemas/wire.js'
import type { RoomView } from '../room-log/index.js'
import type { Store } from '../store/index.js'
import type { Session } from './client.js'
import type { Feed, Subscriber } from './feed.js'
import { frameText } from './framing.js'

/** Unsent bytes at which a resuming socket is waited for. */
const UNSENT_BYTES_PAUSE = 256 * 1024

/** One socket's place in one room, from `welcome` on. */
export class Subscription implements Subscriber {
  readonly acks: Buffer[] = []
  readonly passed: Buffer[] = []
  typing = false
  /** How it began: without a past, from where it was, or told to begin anew. */
  began: 'new' | 'resumed' | 'reset' = 'new'

  constructor(
    private readonly session: Session,
    readonly feed: Feed,
  ) {
    feed.waiting.add(this)
  }

  get username() {
    return this.session.username
  }

  get socket() {
    return this.session.socket
  }

  get open() {
    return this.session.open
  }

  get #attached() {
    return this.open && (this.feed.waiting.has(this) || this.feed.live.has(this))
  }

  ended: Subscriber['ended'] = (room_id, reason) => this.session.roomEnded(room_id, reason)
  slow = () => this.session.close('too_slow')

  /** Tells of an event that this socket asked for: with the room's next flush, or at once where it gets none yet. */
  ack(frame: Buffer) {
    if (this.feed.live.has(this)) this.feed.ack(this, frame)
    else this.session.write(frame)
  }

  /**
   * Welcomes the socket, brings it all after `after`, and lets it into the flush in the turn in which it has just what
   * was flushed: no moment between history and live, nothing twice.
   * @param view read after this subscription was attached
   */
  async start(
    view: RoomView,
    store: Store,
    from: { after?: number | undefined; epoch?: string | undefined },
    welcome: { online: string[]; online_count: number; heartbeat_ms: number },
  ) {
    const { feed, session } = this
    const { room_id } = feed
    const { epoch } = store
    const { after } = from
    await feed.hold()
    if (!this.#attached) return
    const same = from.epoch === undefined || from.epoch === epoch
    const resumed = after !== undefined && same && after <= view.seq && view.seq - after <= limits.REPLAY_MAX
    const seq = resumed ? view.seq : feed.flushed
    session.send({ type: 'welcome', room_id, seq, epoch, ...welcome, resumed })
    if (resumed) {
      this.began = 'resumed'
      return this.#catchUp(after)
    }
    if (after !== undefined) {
      this.began = 'reset'
      session.send({ type: 'reset', room_id, seq, epoch })
    }
    this.#goLive()
  }

  /** No await, not even of a function that ended, between the last look at `flushed` and this. */
  #goLive() {
    if (!this.feed.waiting.delete(this)) return
    for (const frame of this.passed.splice(0)) this.session.write(frameText(frame))
    this.feed.live.add(this)
  }

  async #catchUp(after: number) {
    const { feed, socket } = this
    let cursor = after
    while (this.#attached && cursor !== feed.flushed) {
      if (cursor > feed.flushed) {
        // The client was told elsewhere of what the bus has not brought here yet.
        const flushed = feed.nextFlush()
        void feed.repair()
        await flushed
        continue
      }
      const missed = await feed.missed(cursor)
      await feed.hold()
      if (!this.#attached) return
      const flushed = missed.filter(({ seq }) => seq <= feed.flushed)
      this.session.write(Buffer.concat(flushed.map(({ frame }) => frame)))
      cursor = flushed.at(-1)?.seq ?? cursor
      if (socket.writableLength > UNSENT_BYTES_PAUSE) {
        await Promise.race([once(socket, 'drain'), once(socket, 'close')]).catch(() => {})
      }
    }
    this.#goLive()
  }
}
