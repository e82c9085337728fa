import {
  type Connection,
  createRoomModel,
  type Http,
  type RoomEvent,
  type RoomModel,
} from '../../static/client/index.js'
import type { History, Stream } from './history.js'
import type { Random } from './random.js'
import { described } from './reactions.js'

/** A room that a client follows. */
interface Followed {
  stream: Stream
  model: RoomModel
  /** Resolves when the model has the page that it was to begin with. */
  loaded: Promise<void>
}

const PAGE = { limit: 100 }
const RETRY_MS = 100
const LOOK_MS = 20

const pause = (ms: number) => new Promise<void>(resolve => setTimeout(resolve, ms))

/** The rooms that one client follows, with all that it gets from them. */
export class Following {
  readonly #rooms = new Map<string, Followed>()
  /** Rooms that the user was put out of, with the last seq that they got. */
  readonly #left = new Map<string, Followed & { after: number }>()
  #closed = false

  constructor(
    private readonly username: string,
    private readonly connection: Connection,
    private readonly http: Http,
    private readonly random: Random,
    private readonly history: History,
  ) {}

  /** Follows rooms that are not followed yet; one that was followed earlier is resumed or begun anew. */
  follow(room_ids: string[]) {
    for (const room_id of room_ids) if (!this.#rooms.has(room_id)) this.#subscribe(room_id)
  }

  #subscribe(room_id: string) {
    const left = this.random.int(2) === 0 ? this.#left.get(room_id) : undefined
    const stream: Stream = { username: this.username, room_id, got: [], ended: false, shown: [] }
    if (left) stream.after = left.after
    const followed: Followed = {
      stream,
      model: left?.model ?? createRoomModel(this.username),
      loaded: left?.loaded ?? Promise.resolve(),
    }
    const { model } = followed
    this.#rooms.set(room_id, followed)
    this.history.streams.push(stream)
    this.connection.subscribe(
      room_id,
      {
        start: seq => {
          stream.got.push({ start: seq })
          model.start(seq)
          followed.loaded = this.#load(room_id, followed)
        },
        event: event => {
          stream.got.push(recorded(event))
          model.event(event)
        },
        ended: () => {
          stream.ended = true
          this.#rooms.delete(room_id)
          this.#left.delete(room_id)
          const last = stream.got.at(-1)
          if (last && 'seq' in last) this.#left.set(room_id, { ...followed, after: last.seq })
        },
      },
      left && { after: left.after },
    )
  }

  async #load(room_id: string, { model }: Followed) {
    while (this.#rooms.get(room_id)?.model === model && !this.#closed) {
      const page = await this.http.messages(room_id, PAGE).catch(() => null)
      if (page) return void model.page(page, PAGE)
      await pause(RETRY_MS)
    }
  }

  /** Waits until a followed room has everything up to `seq`. @returns whether it has in time, or is not followed any more */
  async reaches(room_id: string, seq: number, ms: number): Promise<boolean> {
    const end = performance.now() + ms
    const isBehind = () => {
      const followed = this.#rooms.get(room_id)
      return followed !== undefined && (followed.model.head < seq || followed.stream.got.length === 0)
    }
    while (isBehind() && performance.now() < end) await pause(LOOK_MS)
    return !isBehind()
  }

  /** Records what the client shows of each room. */
  async show() {
    for (const { stream, model, loaded } of this.#rooms.values()) {
      await loaded
      stream.shown = model.messages.map(({ id, text, reactions = [] }) => {
        return { id, text, reactions: described(reactions) }
      })
    }
  }

  close() {
    this.#closed = true
  }
}

function recorded(event: RoomEvent): Stream['got'][number] {
  if (event.type === 'reactions') return { after: event.after, seq: event.seq }
  const { seq, type, client_id } = event
  return { seq, type, client_id, ...('text' in event && { text: event.text as string }) }
}
