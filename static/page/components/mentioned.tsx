import { namesIn, readings } from '../../../schemas/mentions.js'
import { displayName } from '../state/people.js'
import { useAccount, useAccountState } from './hooks.js'
import type { MentionsOf } from './plain-text.js'

interface Props {
  text: string
  by: MentionsOf
  /** Names are no buttons, because the text is part of a link. */
  plain?: boolean
}

/** A part of a text, outside of code and links. The names that the message mentions stand out. */
export function Mentioned({ text, by: { mentions = [], mentions_all, mentions_here }, plain = false }: Props) {
  const known = new Map(mentions.map(name => [name.toLowerCase(), name]))
  if (mentions_all) known.set('all', '')
  if (mentions_here) known.set('here', '')
  const pieces = []
  let at = 0
  for (const { index, name } of namesIn(text)) {
    const found = readings(name).find(reading => known.has(reading))
    if (found === undefined) continue
    const end = index + 1 + found.length
    pieces.push(
      text.slice(at, index),
      <Mention key={index} text={text.slice(index, end)} username={known.get(found) as string} plain={plain} />,
    )
    at = end
  }
  return <>{[...pieces, text.slice(at)]}</>
}

/** @param username empty for all members */
function Mention({ text, username, plain }: { text: string; username: string; plain: boolean }) {
  const account = useAccount()
  const own = useAccountState('me', me => username === '' || me.username === username)
  const title = useAccountState('people', people => displayName(people, username))
  const marked = own ? 'mention own' : 'mention'
  if (username === '' || plain) return <span class={marked}>{text}</span>
  return (
    <button
      type="button"
      class={marked}
      title={title}
      tabIndex={-1}
      onClick={() => account.showDialog({ name: 'profile', username })}
    >
      {text}
    </button>
  )
}
