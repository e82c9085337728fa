import type { Translation } from '../i18n/index.js'
import { Avatar, DisplayName, Username } from './avatar.js'
import { useAccountState, useOwnTexts } from './hooks.js'
import { useBlock } from './use-block.js'

const en = { title: 'Blocked users', none: 'You haven’t blocked anyone.' }
const ko: Translation<typeof en> = { title: '차단한 사용자', none: '차단한 사용자가 없어요.' }

/** The users whom this one blocks. */
export function BlockedPeople() {
  const own = useOwnTexts({ en, ko })
  const blocked = useAccountState('blocked')
  return (
    <section>
      <h3>{own.title}</h3>
      {blocked.size === 0 && <p class="note">{own.none}</p>}
      <ul>
        {[...blocked].map(username => (
          <Blocked key={username} username={username} />
        ))}
      </ul>
    </section>
  )
}

function Blocked({ username }: { username: string }) {
  const { label, change } = useBlock(username)
  return (
    <li class="member-row">
      <span class="member">
        <Avatar username={username} />
        <span class="member-name">
          <DisplayName username={username} /> <Username username={username} />
        </span>
      </span>
      <button type="button" class="link" aria-label={`${label} @${username}`} onClick={change}>
        {label}
      </button>
    </li>
  )
}
