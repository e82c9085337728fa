import type { Message } from '../../schemas/message.js'
import type { Reaction, Reactions } from '../../schemas/reaction.js'
import type { MessageReactions, Store } from '../store/index.js'

/** Marks the reactions of the user whose rows were read. */
function show({ seq, reactions, rows }: MessageReactions): Reactions {
  const mine = new Set(rows.filter(row => row.is_on).map(({ emoji }) => emoji))
  const marked = (reaction: Reaction) => (mine.has(reaction.emoji) ? { ...reaction, mine: true as const } : reaction)
  return { reactions: mine.size === 0 ? reactions : reactions.map(marked), reactions_seq: seq }
}

/**
 * Reactions to messages, by the id of the message; those to which nobody ever reacted are missing.
 * @param username whose own reactions are marked; nobody's by default
 */
export async function readShown(
  store: Store,
  room_id: string,
  ids: number[],
  username?: string,
): Promise<Map<number, Reactions>> {
  const usernames = username === undefined ? [] : [username]
  const found = await store.readReactions(room_id, ids, usernames)
  return new Map(found.map(one => [one.id, show(one)]))
}

/** Adds the reactions to messages of a room, except to deleted ones. As `readShown`. */
export async function withReactions(
  store: Store,
  room_id: string,
  messages: Message[],
  username?: string,
): Promise<Message[]> {
  const present = messages.filter(({ deleted_at }) => deleted_at === undefined)
  if (present.length === 0) return messages
  const shown = await readShown(
    store,
    room_id,
    present.map(({ id }) => id),
    username,
  )
  if (shown.size === 0) return messages
  return messages.map(message =>
    message.deleted_at === undefined ? { ...message, ...shown.get(message.id) } : message,
  )
}
