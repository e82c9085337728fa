import type { Message } from '../../../schemas/message.js'
import type { Reaction } from '../../../schemas/reaction.js'
import type { Translation } from '../i18n/index.js'
import { displayName } from '../state/people.js'
import { useAccount, useAccountState, useOwnTexts } from './hooks.js'
import { useReact } from './use-react.js'

const en = {
  reactions: 'Reactions',
  label: (emoji: string, count: number, mine: boolean) =>
    `${emoji} ${count} ${count === 1 ? 'person' : 'people'}${mine ? ', including you' : ''}`,
  others: (count: number) => `and ${count} more`,
}
const ko: Translation<typeof en> = {
  reactions: '반응',
  label: (emoji: string, count: number, mine: boolean) => `${emoji} ${count}명${mine ? ', 나 포함' : ''}`,
  others: (count: number) => `외 ${count}명`,
}

/** The reactions to a message, under its text: each is a button that adds the user or takes them out. */
export function Reactions({ message }: { message: Message }) {
  const own = useOwnTexts({ en, ko })
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset's legend would be visible
    <div class="reactions" role="group" aria-label={own.reactions}>
      {message.reactions?.map(reaction => (
        <Chip key={reaction.emoji} id={message.id} reaction={reaction} />
      ))}
    </div>
  )
}

function Chip({ id, reaction }: { id: number; reaction: Reaction }) {
  const { emoji, count, usernames, mine = false } = reaction
  const own = useOwnTexts({ en, ko })
  const react = useReact(useAccount())
  const names = useAccountState('people', people => usernames.map(name => displayName(people, name)).join(', '))
  const title = count > usernames.length ? `${names} ${own.others(count - usernames.length)}` : names
  return (
    // The message is one Tab stop; the arrow keys lead to its buttons.
    <button
      type="button"
      class="reaction"
      tabIndex={-1}
      aria-pressed={mine}
      aria-label={own.label(emoji, count, mine)}
      title={title}
      onClick={() => react(id, emoji, !mine)}
    >
      <span>{emoji}</span>
      <span>{count}</span>
    </button>
  )
}
