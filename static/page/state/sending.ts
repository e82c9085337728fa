import { type Ack, ApiError, type Connection, type Pending, type PendingStorage, uuidv7 } from '../../client/index.js'
import { timeOf } from '../text/time-of.js'
import type { Shelf } from './shelf.js'
import type { Outgoing } from './state.js'

/** What is kept over a reload: a request, and the refusal that it met. */
export interface Kept {
  pending: Pending
  failed?: string
}

/** A message of one's own, and its seq once that is known. */
type Item = Outgoing & { room_id: string; seq?: number }

export interface SendingOptions {
  shelf: Shelf<Kept>
  /** What an earlier visit left on the shelf, oldest first. */
  kept: readonly Kept[]
  connection: () => Connection | null
  /** What is on its way in this room is another now. */
  changed: (room_id: string) => void
}

export type Sending = ReturnType<typeof createSending>

/**
 * One's messages between the Enter and the log, in all rooms: each is shown at once, goes with its client_id as often
 * as it takes, and stays until its own event is seen or it is discarded, over reloads too.
 */
export function createSending({ shelf, kept, connection, changed }: SendingOptions) {
  let items: Item[] = kept.flatMap(({ pending, failed }) =>
    pending.type === 'send' ? [{ ...itemOf(pending), ...(failed !== undefined && { failed }) }] : [],
  )
  const views = new Map<string, readonly Item[]>()

  /** The connection's: what is neither acknowledged nor refused. */
  const storage: PendingStorage = {
    load: async () => kept.flatMap(({ pending, failed }) => (failed === undefined ? [pending] : [])),
    put: pending => shelf.put(pending.client_id, { pending }),
    remove: pending => shelf.remove(pending.client_id),
  }

  function put(room_id: string, next: Item[]) {
    items = next
    views.delete(room_id)
    changed(room_id)
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
    shelf.put(pending.client_id, { pending, failed: code })
    change(item, { failed: code })
  }

  function transmit({ room_id, client_id, text, reply_to }: Item) {
    const more = { client_id, ...(reply_to !== undefined && { reply_to }) }
    const request = connection()?.send(room_id, text, more)
    request?.ack.catch((error: ApiError) => {
      // Every other refusal comes by `settled`, and at a close the shelf keeps it.
      if (error.code === 'QUEUE_FULL') refused({ type: 'send', room_id, text, ...more }, error.code)
    })
  }

  return {
    storage,
    /** In the order of sending; the same array until something changes. */
    of(room_id: string): readonly Outgoing[] {
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
    /** With the same client_id, so that it can't be there twice; but not where that was used for another text. */
    retry(client_id: string) {
      const item = find(client_id)
      if (!item) return
      const { failed, ...again } = item
      const next = failed === 'CLIENT_ID_REUSED' ? { ...again, client_id: uuidv7() } : again
      if (next.client_id !== client_id) shelf.remove(client_id)
      put(
        item.room_id,
        items.map(one => (one === item ? next : one)),
      )
      transmit(next)
    },
    discard(client_id: string) {
      const item = find(client_id)
      if (!item) return
      shelf.remove(client_id)
      put(
        item.room_id,
        items.filter(one => one !== item),
      )
    },

    /** A request's end, as the connection tells it. */
    settled(pending: Pending, outcome: Ack | ApiError) {
      if (outcome instanceof ApiError) return refused(pending, outcome.code)
      const item = find(pending.client_id)
      if (item) change(item, { seq: outcome.seq })
    },
    /** The log has told one's message. */
    arrived(client_id: string) {
      const item = find(client_id)
      if (!item) return
      shelf.remove(client_id)
      put(
        item.room_id,
        items.filter(one => one !== item),
      )
    },
    /** What stands in the log up to `head` is no longer on its way. */
    known(room_id: string, head: number) {
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
  created_at: timeOf(pending.client_id),
})
