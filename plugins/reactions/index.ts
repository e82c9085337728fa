import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { errors } from '../../schemas/error.js'
import type { StoredEvent } from '../../schemas/event.js'
import type { Reactions as Shown } from '../../schemas/reaction.js'
import { limits } from '../../schemas/wire.js'
import type { RoomLog } from '../room-log/index.js'
import { assertMayTalk, assertPresent } from '../rooms/index.js'
import { noReactions, type Store } from '../store/index.js'
import { canonicalEmoji } from './emoji.js'
import { readShown } from './show.js'

export { withReactions } from './show.js'

declare module 'fastify' {
  interface FastifyInstance {
    reactions: Reactions
  }
}

export type Reactions = ReturnType<typeof createReactions>

interface Change {
  client_id: string
  emoji: string
  on: boolean
}

/** Reactions to messages, decided on the room's state just before the event. */
export function createReactions(store: Store, roomLog: RoomLog) {
  const reactions = {
    /**
     * Lets a user react to a message with an emoji from now on, or no longer.
     * @returns the event, null if nothing changed
     * @throws EmojiInvalid; RoomNotFound, NotMember, Muted, Blocked; MessageNotFound, MessageDeleted; TooManyReactions,
     * TooManyReactionChanges; ClientIdReused, StoreUnavailable
     */
    async react(room_id: string, username: string, id: number, body: Change): Promise<StoredEvent | null> {
      const { client_id, on } = body
      const emoji = canonicalEmoji(body.emoji)
      if (emoji === null) throw new errors.EmojiInvalid(body.emoji)
      const appended = await roomLog.append(room_id, {
        type: 'reacted',
        username,
        client_id,
        message: id,
        reacts: true,
        decide(view, message) {
          assertMayTalk(view, room_id, username)
          const { reactions, rows } = assertPresent(view, id, message).reactions ?? noReactions(room_id, id)
          const own = rows.filter(row => row.username === username)
          const is_on = own.find(row => row.emoji === emoji)?.is_on ?? false
          if (is_on === on) return null
          const changes = Math.max(0, ...own.map(row => row.changes)) + 1
          const { count = 0 } = reactions.find(reaction => reaction.emoji === emoji) ?? {}
          if (on && count === 0 && reactions.length >= limits.REACTIONS_MAX) throw new errors.TooManyReactions(id)
          if (on && changes > limits.REACTION_CHANGES_MAX) throw new errors.TooManyReactionChanges(id)
          return { data: { message_id: id, emoji, on, count: count + (on ? 1 : -1), changes } }
        },
        isRepeatOf: ({ data }) => data?.message_id === id && data.emoji === emoji && data.on === on,
      })
      return appended?.event ?? null
    },

    /** As `react`. @returns the reactions to the message then, as the user sees them */
    async reactAndRead(room_id: string, username: string, id: number, body: Change): Promise<Shown> {
      await reactions.react(room_id, username, id, body)
      const shown = (await readShown(store, room_id, [id], username)).get(id)
      return shown ?? { reactions: [], reactions_seq: 0 }
    },
  }
  return reactions
}

async function reactions(fastify: FastifyInstance) {
  fastify.decorate('reactions', createReactions(fastify.store, fastify.roomLog))
}

export default fp(reactions, { name: 'reactions', dependencies: ['store', 'room-log'] })
