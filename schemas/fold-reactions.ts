import type { Reaction } from './reaction.js'
import { limits } from './wire.js'

/** What an event says that changes the reactions to a message. */
export interface ReactionChange {
  emoji: string
  on: boolean
  /** How many users react with the emoji then. */
  count: number
  username: string
}

/**
 * The reactions to a message after an event that follows them. Imports no more than limits, because the page folds, too.
 * @param me the user whose reactions are `mine`, if they are told
 */
export function foldReactions(
  before: readonly Reaction[],
  { emoji, on, count, username }: ReactionChange,
  me?: string,
): Reaction[] {
  if (count === 0) return before.filter(reaction => reaction.emoji !== emoji)
  const { usernames = [], mine } = before.find(reaction => reaction.emoji === emoji) ?? {}
  const others = usernames.filter(name => name !== username)
  const named = on && others.length < limits.REACTION_NAMES_MAX ? [...others, username] : others
  const isMine = username === me ? on : mine === true
  // Somebody named already keeps their place.
  const kept = on && usernames.includes(username) ? usernames : named
  const after: Reaction = { emoji, count, usernames: kept, ...(isMine && { mine: true as const }) }
  if (!before.some(reaction => reaction.emoji === emoji)) return [...before, after]
  return before.map(reaction => (reaction.emoji === emoji ? after : reaction))
}
