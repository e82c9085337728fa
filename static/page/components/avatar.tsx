import { useEffect } from 'preact/hooks'
import { avatarColor, initials, textColorOn } from '../text/avatar.js'
import { useAccount, useAccountState } from './hooks.js'

/** A user's color and initials. It is decoration: the name is always beside it. */
export function Avatar({ username, online }: { username: string; online?: boolean | undefined }) {
  const person = useAccountState('people', people => people.get(username))
  const account = useAccount()
  useEffect(() => {
    if (!person) account.people.lookUpUser(username)
  }, [person, username, account])
  const color = person?.avatar_color ?? avatarColor(username)
  return (
    <span class="avatar" aria-hidden="true" style={{ background: color, color: textColorOn(color) }}>
      {initials(person?.display_name || username)}
      {online !== undefined && <span class={online ? 'dot online' : 'dot'} />}
    </span>
  )
}

/** A user's display name, followed by the username if the two differ. */
export function DisplayName({ username }: { username: string }) {
  const shown = useAccountState('people', people => people.get(username)?.display_name)
  return (
    <bdi class="person">
      {shown || username}
      {shown && shown !== username && <span class="username">@{username}</span>}
    </bdi>
  )
}
