import type { ClientFrames, ServerFrames } from '../../schemas/frame.js'
import { ApiError } from './api-error.js'
import { type Backoff, backoffDelay } from './backoff.js'

/** A request that the server acknowledges once it is in the log. */
export type Pending = ClientFrames['send' | 'edit' | 'delete']
export type Ack = ServerFrames['ack']

/** Keeps unacknowledged requests over a reload. `put` and `remove` must not throw. */
export interface PendingStorage {
  /** Oldest first. */
  load(): Promise<Pending[]>
  put(pending: Pending): void
  remove(pending: Pending): void
}

export interface OutboxOptions {
  /** @returns whether it was handed to an open socket */
  transmit: (pending: Pending) => boolean
  /** The outcome of every request, also of those that `storage` loaded. */
  on_settled: (pending: Pending, outcome: Ack | ApiError) => void
  backoff: Backoff
  /** Requests in flight per room. With 1, the log keeps the order of sending, even if one is refused for a while. */
  in_flight_max: number
  /** Unacknowledged requests in total; beyond it new ones are refused with `QUEUE_FULL`. */
  pending_max: number
  storage?: PendingStorage
}

interface Entry {
  pending: Pending
  in_flight: boolean
  attempts: number
  acknowledged: Promise<Ack>
  resolve: (ack: Ack) => void
  reject: (error: ApiError) => void
}

interface Queue {
  entries: Entry[]
  /** The room is subscribed to on the present socket. */
  open: boolean
  /** Set while the room waits after a retryable error. */
  timer?: ReturnType<typeof setTimeout> | undefined
}

/** Retryable errors: the same request may succeed later. */
const RETRYABLE = new Set(['RATE_LIMITED', 'STORE_UNAVAILABLE'])

export type Outbox = ReturnType<typeof createOutbox>

/**
 * Queues requests per room, in order, until each is acknowledged or finally refused. After a lost connection the
 * unacknowledged ones are retried with the same client_id, which is idempotent.
 */
export function createOutbox(options: OutboxOptions) {
  const queues = new Map<string, Queue>()
  const entries = new Map<string, Entry>()
  let loaded = options.storage === undefined

  function queueOf(room_id: string): Queue {
    const queue = queues.get(room_id) ?? { entries: [], open: false }
    queues.set(room_id, queue)
    return queue
  }

  function enqueue(pending: Pending): Entry {
    const { promise, resolve, reject } = withResolvers<Ack>()
    // A caller that ignores the promise still learns the outcome through `on_settled`.
    promise.catch(() => {})
    const entry: Entry = { pending, in_flight: false, attempts: 0, acknowledged: promise, resolve, reject }
    entries.set(pending.client_id, entry)
    queueOf(pending.room_id).entries.push(entry)
    return entry
  }

  function pump(queue: Queue) {
    if (!loaded || !queue.open || queue.timer !== undefined) return
    for (let i = 0; i < queue.entries.length && i < options.in_flight_max; i++) {
      const entry = queue.entries[i] as Entry
      if (!entry.in_flight) entry.in_flight = options.transmit(entry.pending)
    }
  }

  function settle(entry: Entry, outcome: Ack | ApiError) {
    const { pending } = entry
    const queue = queueOf(pending.room_id)
    entries.delete(pending.client_id)
    queue.entries.splice(queue.entries.indexOf(entry), 1)
    if (queue.entries.length === 0 && !queue.open) queues.delete(pending.room_id)
    options.storage?.remove(pending)
    if (outcome instanceof ApiError) entry.reject(outcome)
    else entry.resolve(outcome)
    options.on_settled(pending, outcome)
    pump(queue)
  }

  function pause(queue: Queue) {
    queue.open = false
    clearTimeout(queue.timer)
    queue.timer = undefined
    for (const entry of queue.entries) entry.in_flight = false
  }

  async function load(storage: PendingStorage) {
    const kept = await storage.load().catch(() => [])
    const fresh = [...entries.values()].filter(({ pending }) => !kept.some(old => old.client_id === pending.client_id))
    entries.clear()
    for (const queue of queues.values()) queue.entries = []
    for (const pending of kept) enqueue(pending)
    for (const entry of fresh) {
      entries.set(entry.pending.client_id, entry)
      queueOf(entry.pending.room_id).entries.push(entry)
    }
    loaded = true
    for (const queue of queues.values()) pump(queue)
  }
  if (options.storage) load(options.storage)

  return {
    /** @returns the acknowledgement; a client_id that is already queued is not queued twice */
    add(pending: Pending): Promise<Ack> {
      const known = entries.get(pending.client_id)
      if (known) return known.acknowledged
      if (entries.size >= options.pending_max) {
        return Promise.reject(new ApiError(0, 'QUEUE_FULL', `${entries.size} requests are already waiting`))
      }
      const entry = enqueue(pending)
      options.storage?.put(pending)
      pump(queueOf(pending.room_id))
      return entry.acknowledged
    },

    /** Oldest first in each room. */
    pending: (): Pending[] => [...queues.values()].flatMap(queue => queue.entries.map(entry => entry.pending)),

    /** The room is subscribed to on this socket: send what waits. */
    open(room_id: string) {
      const queue = queueOf(room_id)
      queue.open = true
      pump(queue)
    },

    /** The room is not subscribed to for now: requests in flight may be lost, so they will be sent again. */
    pause(room_id: string) {
      const queue = queues.get(room_id)
      if (!queue) return
      pause(queue)
      if (queue.entries.length === 0) queues.delete(room_id)
    },

    ack(ack: Ack) {
      const entry = entries.get(ack.client_id)
      if (entry) settle(entry, ack)
    },

    /** The server refused a request. */
    refuse(client_id: string, error: ServerFrames['error']) {
      const entry = entries.get(client_id)
      if (!entry) return
      if (!RETRYABLE.has(error.code)) return settle(entry, ApiError.of(error))
      const queue = queueOf(entry.pending.room_id)
      entry.in_flight = false
      const delay = error.retry_after_ms ?? backoffDelay(entry.attempts++, options.backoff)
      clearTimeout(queue.timer)
      queue.timer = setTimeout(() => {
        queue.timer = undefined
        pump(queue)
      }, delay)
    },

    /** The user lost access to the room: none of its requests can succeed. */
    end(room_id: string, error: ApiError) {
      const queue = queues.get(room_id)
      if (!queue) return
      pause(queue)
      for (const entry of [...queue.entries]) settle(entry, error)
      queues.delete(room_id)
    },

    /** Rejects what waits with `CLOSED`; `storage` keeps the requests for the next visit. */
    close() {
      for (const queue of queues.values()) pause(queue)
      for (const entry of entries.values()) entry.reject(new ApiError(0, 'CLOSED', 'The connection was closed'))
      queues.clear()
      entries.clear()
    },
  }
}

function withResolvers<T>() {
  let resolve!: (value: T) => void
  let reject!: (error: ApiError) => void
  const promise = new Promise<T>((yes, no) => {
    resolve = yes
    reject = no
  })
  return { promise, resolve, reject }
}
