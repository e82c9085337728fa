import { useEffect } from 'preact/hooks'
import { colorOf, initials, inkOn } from '../text/people.js'
import { useApp, useSelected } from './use.js'

/** A user's colour and initials. Decoration: the name stands beside it. */
export function Avatar({ username, online }: { username: string; online?: boolean | undefined }) {
  const person = useSelected('people', people => people.get(username))
  const app = useApp()
  useEffect(() => {
    if (!person) app.wonder(username)
  }, [person, username, app])
  const color = person?.avatar_color ?? colorOf(username)
  return (
    <span class="avatar" aria-hidden="true" style={{ background: color, color: inkOn(color) }}>
      {initials(person?.display_name || username)}
      {online !== undefined && <span class={online ? 'dot online' : 'dot'} />}
    </span>
  )
}

/** The name that a user chose, with the one that is theirs alone beside it where the two differ. */
export function PersonName({ username }: { username: string }) {
  const shown = useSelected('people', people => people.get(username)?.display_name)
  return (
    <bdi class="person">
      {shown || username}
      {shown && shown !== username && <span class="username">@{username}</span>}
    </bdi>
  )
}
