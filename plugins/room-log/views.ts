import { errors } from '../../schemas/error.js'
import type { Store } from '../store/index.js'
import { RoomView } from './view.js'

interface Request {
  usernames: string[]
  resolve(view: RoomView): void
  reject(error: unknown): void
}

/** Requests that share one read. */
const BATCH_MAX = 200
/** Requests that wait for a read, of all rooms together; beyond, they are rejected with errors.StoreUnavailable. */
const WAITING_MAX = 100_000

/**
 * Reads the state of rooms. Each room has one read at a time, and all requests that come meanwhile share the next one: a
 * thousand sockets that reconnect together cost a few reads, not a thousand.
 */
export class Views {
  /** By room, while it is being read: the requests for the next read. */
  readonly #waiting = new Map<string, Request[]>()
  #waiting_count = 0

  constructor(private readonly store: Store) {}

  /**
   * @returns the room as stored at a moment after this call, including at least `usernames`. It is shared: do not change
   * @throws StoreUnavailable, also if WAITING_MAX requests wait
   */
  read(room_id: string, usernames: string[]): Promise<RoomView> {
    return new Promise((resolve, reject) => {
      if (this.#waiting_count >= WAITING_MAX) return reject(new errors.StoreUnavailable())
      this.#waiting_count++
      const request = { usernames, resolve, reject }
      const waiting = this.#waiting.get(room_id)
      if (waiting) return void waiting.push(request)
      this.#waiting.set(room_id, [request])
      // In a microtask, so that all requests of this turn share one read.
      queueMicrotask(() => void this.#run(room_id))
    })
  }

  async #run(room_id: string) {
    const waiting = this.#waiting.get(room_id) as Request[]
    while (waiting.length > 0) {
      const batch = waiting.splice(0, BATCH_MAX)
      this.#waiting_count -= batch.length
      const usernames = [...new Set(batch.flatMap(request => request.usernames))]
      try {
        const view = new RoomView()
        view.read(await this.store.readState(room_id, usernames, Number.MAX_SAFE_INTEGER), usernames)
        for (const { resolve } of batch) resolve(view)
      } catch (error) {
        for (const { reject } of batch) reject(error)
      }
    }
    this.#waiting.delete(room_id)
  }
}
