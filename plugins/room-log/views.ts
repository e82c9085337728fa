import type { Store } from '../store/index.js'
import { RoomView } from './view.js'

interface Asked {
  usernames: string[]
  resolve(view: RoomView): void
  reject(error: unknown): void
}

/** Requests that one read answers. */
const AT_ONCE = 200

/**
 * Reads rooms for whoever asks. Of one room there is one read at a time, and what is asked for meanwhile is answered by
 * the next one together: a thousand sockets that come back at once cost some reads, not a thousand.
 */
export class Views {
  /** By room, while it is read: who waits for the next read. */
  readonly #waiting = new Map<string, Asked[]>()

  constructor(private readonly store: Store) {}

  /** The room as the store has it at a moment after this call, knowing at least `usernames`. Not to be changed. */
  read(room_id: string, usernames: string[]): Promise<RoomView> {
    return new Promise((resolve, reject) => {
      const asked = { usernames, resolve, reject }
      const waiting = this.#waiting.get(room_id)
      if (waiting) return void waiting.push(asked)
      this.#waiting.set(room_id, [asked])
      // So that all that comes in this turn is one read.
      queueMicrotask(() => void this.#run(room_id))
    })
  }

  async #run(room_id: string) {
    const waiting = this.#waiting.get(room_id) as Asked[]
    while (waiting.length > 0) {
      const batch = waiting.splice(0, AT_ONCE)
      const usernames = [...new Set(batch.flatMap(asked => asked.usernames))]
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
