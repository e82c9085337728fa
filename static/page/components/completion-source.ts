import type { VNode } from 'preact'
import type { Room } from '../../../schemas/room.js'
import type { Account } from '../state/account.js'

/** What may take the place of the word before the caret. */
export interface Offer {
  key: string
  /** Takes the place of the word. */
  insert: string
  row: VNode
}

/** Completes one kind of word. */
export interface Source {
  /** What stands before the caret; the group `word` is replaced, the group `query` is looked for. */
  pattern: RegExp
  /** The best offers first. They may come later, as what they are found in is loaded. */
  find(query: string, asked: { account: Account; room: Room; language: string }): Offer[] | Promise<Offer[]>
}
