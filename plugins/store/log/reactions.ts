import type { StoredEvent } from '../../../schemas/event.js'
import { foldReactions } from '../../../schemas/fold-reactions.js'
import type { Reaction } from '../../../schemas/reaction.js'
import { limits } from '../../../schemas/wire.js'
import type { MessageReactions, ReactionRow } from '../store.js'

/** A `reacted` event, with what only such an event has. */
export type Reacted = StoredEvent & {
  data: Required<Pick<NonNullable<StoredEvent['data']>, 'message_id' | 'emoji' | 'on' | 'count' | 'changes'>>
}

export const isReacted = (event: StoredEvent): event is Reacted => event.type === 'reacted'

/** The row of the user and the emoji of an event. Of two rows, that with the greater seq holds. */
export const rowOf = ({ room_id, seq, username, data }: Reacted): ReactionRow => ({
  ...{ room_id, id: data.message_id, username, emoji: data.emoji },
  ...{ seq, is_on: data.on, changes: data.changes },
})

/** What is known of a message to which nobody has reacted. */
export const noReactions = (room_id: string, id: number): MessageReactions => ({
  ...{ room_id, id, seq: 0, reactions: [], rows: [] },
})

/** The reactions to a message after an event; one that they reflect changes nothing. Rows of other users are kept. */
export function foldReacted(before: MessageReactions, event: Reacted): MessageReactions {
  const row = rowOf(event)
  const isOther = ({ username, emoji, seq }: ReactionRow) =>
    username !== row.username || emoji !== row.emoji || seq > row.seq
  const others = before.rows.filter(isOther)
  const isNewer = !others.some(({ username, emoji }) => username === row.username && emoji === row.emoji)
  const rows = isNewer ? [...others, row] : others
  if (event.seq <= before.seq) return { ...before, rows }
  const reactions = foldReactions(before.reactions, { ...event.data, username: event.username })
  return { ...before, seq: event.seq, reactions, rows }
}

/** Whether a reaction names fewer users than it could, because some of those it named are gone. */
export const lacksNames = ({ count, usernames }: Reaction) =>
  usernames.length < Math.min(count, limits.REACTION_NAMES_MAX)
