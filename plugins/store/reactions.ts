import type { Reaction } from '../../schemas/reaction.js'

/** A user's reaction to a message with one emoji, as of the event `seq`. */
export interface ReactionRow {
  room_id: string
  id: number
  username: string
  emoji: string
  seq: number
  is_on: boolean
  /** How many changes the user had made to the reactions to the message by then. */
  changes: number
}

/** The reactions to a message as of the event `seq`, none of them `mine`. */
export interface MessageReactions {
  room_id: string
  id: number
  seq: number
  reactions: Reaction[]
  /** Of the requested users. */
  rows: ReactionRow[]
}
