import { createContext } from 'preact'
import type { Message } from '../../../schemas/message.js'

/** What the text of a message mentions, as the server found it. */
export type MentionsOf = Pick<Message, 'mentions' | 'mentions_all' | 'mentions_here'>

/** Set for the text of a message. */
export const MentionsContext = createContext<MentionsOf>({})

/** A piece of a message without markup, inside of whatever marks: the one place where its text becomes nodes. */
export function PlainText({ text }: { text: string }) {
  return <>{text}</>
}
