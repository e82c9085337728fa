import { type Ack, ApiError, type Connection, type Pending, type PendingStorage, uuidv7 } from '../../client/index.js'
import { uuidTime } from '../text/uuid-time.js'
import type { OutboxStorage } from './outbox-storage.js'
import type { OutgoingMessage } from './outgoing-message.js'

/** What outlives a reload: a request, and the error code if it was refused. */
export interface StoredRequest {
  pending: Pending
  failed?: string
}

/** One's own message, and its seq once that is known. */
type Item = OutgoingMessage & { room_id: string; seq?: number }

export interface OutgoingOptions {
  storage: OutboxStorage<StoredRequest>
  /** What an earlier visit left in `storage`, oldest first. */
  stored: readonly StoredRequest[]
  connection: () => Connection
  /** The outgoing messages of a room have changed. */
  on_change: (room_id: string) => void
}

export type Outgoing = ReturnType<typeof createOutgoing>

/**
 * The messages of all rooms that were sent but are not in the log yet. Each is shown at once, is retried with its
 * client_id, and stays, over reloads too, until its own event arrives or the user discards it.
 */
export function createOutgoing({ storage, stored, connection, on_change }: OutgoingOptions) {
  let items: Item[] = stored.flatMap(({ pending, failed }) =>
    pending.type === 'send' ? [{ ...itemOf(pending), ...(failed !== undefined && { failed }) }] : [],
  )
  const views = new Map<string, readonly Item[]>()

  /** For the connection: requests that are neither acknowledged nor refused. */
  const pending: PendingStorage = {
    load: async () => stored.flatMap(({ pending, failed }) => (failed === undefined ? [pending] : [])),
    put: request => storage.put(request.client_id, { pending: request }),
    remove: request => storage.remove(request.client_id),
  }

  function put(room_id: string, next: Item[]) {
    items = next
    views.delete(room_id)
    on_change(room_id)
  }
  function change(item: Item, change: Partial<Item>) {
    put(
      item.room_id,
      items.map(one => (one === item ? { ...one, ...change } : one)),
    )
  }
  const find = (client_id: string) => items.find(item => item.client_id === client_id)

  function refused(pending: Pending, code: string) {
    const item = find(pending.client_id)
    if (!item) return
    storage.put(pending.client_id, { pending, failed: code })
    change(item, { failed: code })
  }

  function transmit({ room_id, client_id, text, reply_to }: Item) {
    const more = { client_id, ...(reply_to !== undefined && { reply_to }) }
    const request = connection().send(room_id, text, more)
    request.ack.catch((error: ApiError) => {
      // Every other error comes through `settled`; when the connection closes, the storage keeps the request.
      if (error.code === 'QUEUE_FULL') refused({ type: 'send', room_id, text, ...more }, error.code)
    })
  }

  return {
    pending,
    /** In the order of sending; the same array until something changes. */
    of(room_id: string): readonly OutgoingMessage[] {
      const view = views.get(room_id) ?? items.filter(item => item.room_id === room_id)
      views.set(room_id, view)
      return view
    },

    send(room_id: string, text: string, reply_to?: number) {
      const pending = { room_id, client_id: uuidv7(), text, ...(reply_to !== undefined && { reply_to }) }
      const item = itemOf(pending)
      put(room_id, [...items, item])
      transmit(item)
    },
    /** Retries a refused message: its client_id keeps it from appearing twice, unless that names another text. */
    retry(client_id: string) {
      const item = find(client_id)
      if (!item) return
      const { failed, ...again } = item
      const next = failed === 'CLIENT_ID_REUSED' ? { ...again, client_id: uuidv7() } : again
      if (next.client_id !== client_id) storage.remove(client_id)
      put(
        item.room_id,
        items.map(one => (one === item ? next : one)),
      )
      transmit(next)
    },
    /** Gives a refused message up. */
    discard(client_id: string) {
      const item = find(client_id)
      if (!item) return
      storage.remove(client_id)
      put(
        item.room_id,
        items.filter(one => one !== item),
      )
    },

    /** The connection reports the outcome of a request. */
    settled(pending: Pending, outcome: Ack | ApiError) {
      if (outcome instanceof ApiError) return refused(pending, outcome.code)
      const item = find(pending.client_id)
      if (item) change(item, { seq: outcome.seq })
    },
    /** The message's own event has arrived. */
    arrived(client_id: string) {
      const item = find(client_id)
      if (!item) return
      storage.remove(client_id)
      put(
        item.room_id,
        items.filter(one => one !== item),
      )
    },
    /** Removes the messages that are in the log up to `head`. */
    drop(room_id: string, head: number) {
      const left = items.filter(item => item.room_id !== room_id || item.seq === undefined || item.seq > head)
      if (left.length < items.length) put(room_id, left)
    },
  }
}

const itemOf = (pending: {
  room_id: string
  client_id: string
  text: string
  reply_to?: number | undefined
}): Item => ({
  room_id: pending.room_id,
  client_id: pending.client_id,
  text: pending.text,
  ...(pending.reply_to !== undefined && { reply_to: pending.reply_to }),
  created_at: uuidTime(pending.client_id),
})
