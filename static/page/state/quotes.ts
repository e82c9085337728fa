import type { EventFrame } from '../../../schemas/frame.js'
import type { Message, Page } from '../../../schemas/message.js'
import { limits } from '../../../schemas/wire.js'
import type { RoomModel } from '../../client/index.js'

/** The messages that loaded ones reply to and that are not loaded themselves; those of one page come in one request. */
export function createQuotes(request: (ids: number[]) => Promise<Page>, on_change: () => void) {
  let found: ReadonlyMap<number, Message> = new Map()
  /** Requested, whether or not they were found. */
  const requested = new Set<number>()

  function put(messages: readonly Message[]) {
    found = new Map([...found, ...messages.map(message => [message.id, message] as const)])
    on_change()
  }

  return {
    /** By id; a new map after a change. */
    get found() {
      return found
    },

    async lookUp(model: RoomModel) {
      const ids = new Set<number>()
      for (const { reply_to } of model.messages) {
        if (reply_to !== undefined && !model.get(reply_to) && !requested.has(reply_to)) ids.add(reply_to)
      }
      const next = [...ids].slice(0, limits.PAGE_MAX)
      if (next.length === 0) return
      for (const id of next) requested.add(id)
      const page = await request(next).catch(() => null)
      if (page) return put(page.messages)
      // The next change of the list tries again.
      for (const id of next) requested.delete(id)
    },

    event(event: EventFrame) {
      if (event.type === 'emptied') {
        found = new Map([...found].filter(([id]) => id > event.upto))
        return on_change()
      }
      if (event.type !== 'edited' && event.type !== 'deleted') return
      const message = found.get(event.id)
      if (!message) return
      put([
        event.type === 'edited'
          ? { ...message, text: event.text }
          : { ...message, text: '', deleted_at: event.created_at },
      ])
    },

    clear() {
      found = new Map()
      requested.clear()
    },
  }
}
