import type { Message } from '../../../schemas/message.js'
import { type ApiError, type Connection, foldReactions, type Http, type RoomModel } from '../../client/index.js'

interface Options {
  room_id: string
  me: string
  model: RoomModel
  connection: Connection
  http: Http
  /** The messages are to be drawn anew. */
  changed: () => void
}

/** Edits, deletions and reactions of the user, which show at once, before the server has acknowledged them. */
export function createOwnChanges({ room_id, me, model, connection, http, changed }: Options) {
  /** New texts; null for a deletion. */
  const texts = new Map<number, string | null>()
  /** By message: whether the user wants to react with each emoji. */
  const wanted = new Map<number, Map<string, boolean>>()

  function withReactions(message: Message): Message {
    let { reactions = [] } = message
    for (const [emoji, on] of wanted.get(message.id) ?? []) {
      const { count = 0, mine = false } = reactions.find(reaction => reaction.emoji === emoji) ?? {}
      if (mine !== on)
        reactions = foldReactions(reactions, { emoji, on, count: count + (on ? 1 : -1), username: me }, me)
    }
    return reactions === message.reactions ? message : { ...message, reactions }
  }

  return {
    /** Some are not acknowledged yet. */
    get busy() {
      return texts.size + wanted.size > 0
    },
    clear: texts.clear.bind(texts),
    /** The event of an edit or a deletion arrived. */
    arrived: (id: number) => texts.delete(id),

    apply(messages: readonly Message[]): readonly Message[] {
      if (texts.size + wanted.size === 0) return messages
      return messages.map(message => {
        if (message.deleted_at !== undefined) return message
        const text = texts.get(message.id)
        if (text === undefined) return wanted.has(message.id) ? withReactions(message) : message
        const now = new Date().toISOString()
        return text === null ? { ...message, text: '', deleted_at: now } : { ...message, text, edited_at: now }
      })
    },

    /** Shows an edit or a deletion at once. @returns the error if it was refused */
    async change(id: number, text: string | null): Promise<ApiError | null> {
      texts.set(id, text)
      changed()
      try {
        await (text === null ? connection.delete(room_id, id) : connection.edit(room_id, id, text)).ack
        return null
      } catch (error) {
        texts.delete(id)
        changed()
        return error as ApiError
      }
    },

    /**
     * Reacts, or takes that back. While a request is under way only the last wish is kept, and sent after it.
     * @returns the error if it was refused
     */
    async react(id: number, emoji: string, on: boolean): Promise<ApiError | null> {
      const of_message = wanted.get(id) ?? new Map<string, boolean>()
      const isBusy = of_message.has(emoji)
      wanted.set(id, of_message.set(emoji, on))
      changed()
      if (isBusy) return null
      try {
        for (let asked: boolean | undefined; asked !== of_message.get(emoji); ) {
          asked = of_message.get(emoji) as boolean
          model.reacted(id, await http.react(room_id, id, { emoji, on: asked }))
        }
        return null
      } catch (error) {
        return error as ApiError
      } finally {
        of_message.delete(emoji)
        if (of_message.size === 0) wanted.delete(id)
        changed()
      }
    },
  }
}
