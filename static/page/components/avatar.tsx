import { useEffect } from 'preact/hooks'
import type { Room } from '../../../schemas/room.js'
import type { User } from '../../../schemas/user.js'
import { othersIn } from '../state/direct.js'
import { avatarColor, initials, textColorOn } from '../text/avatar.js'
import { hueOf } from '../text/room-list.js'
import { useAccount, useAccountState } from './hooks.js'

interface AvatarProps {
  username: string
  /** Present where the user's presence is shown: a dot if they are online. */
  online?: boolean | undefined
}

/** A user's color and initials; a profile that is not known yet is looked up. */
export function Avatar({ username, online }: AvatarProps) {
  const person = useAccountState('people', people => people.get(username))
  const account = useAccount()
  useEffect(() => {
    if (!person) account.people.lookUpUser(username)
  }, [person, username, account])
  return (
    <AvatarOf
      name={person?.display_name || username}
      color={person?.avatar_color ?? avatarColor(username)}
      online={online}
      status={person?.status}
    />
  )
}

/** The color that a user chose, or the one of their name. */
export const useColorOf = (username: string): string =>
  useAccountState('people', people => people.get(username)?.avatar_color ?? avatarColor(username))

interface AvatarOfProps {
  name: string
  color: string
  online?: boolean | undefined
  status?: User['status'] | undefined
}

/** It is decoration: the name is always beside it. */
export function AvatarOf({ name, color, online, status = 'available' }: AvatarOfProps) {
  const style = { background: color, color: textColorOn(color) }
  return (
    <span class="avatar" aria-hidden="true" data-initials={initials(name)} style={style}>
      {online && <span class={`dot ${status}`} />}
    </span>
  )
}

/** A room's sign: its first letter on a hue of its own. */
export function RoomTile({ id, name }: { id: string; name: string }) {
  const [letter] = initials(name)
  return <span class={`tile hue-${hueOf(id)}`} aria-hidden="true" data-initials={letter} />
}

/** What stands beside the name of a room; of a conversation of two the other one, of a larger one the number of people. */
export function RoomSign({ room }: { room: Room }) {
  const me = useAccountState('me', me => me.username)
  const online = useAccountState('online_direct', online => online.has(room.id))
  const others = othersIn(room, me)
  if (others.length === 1) return <Avatar username={others[0] as string} online={online} />
  return <RoomTile id={room.id} name={others.length > 1 ? String(others.length + 1) : room.name} />
}

/** A user's display name. */
export function DisplayName({ username }: { username: string }) {
  const shown = useAccountState('people', people => people.get(username)?.display_name)
  return <bdi class="person">{shown || username}</bdi>
}

/** The username, if it is not the display name. */
export function Username({ username }: { username: string }) {
  const person = useAccountState('people', people => people.get(username))
  const shown = person?.is_deleted ? username : person?.display_name
  return shown && shown !== username ? <span class="username">@{username}</span> : null
}
