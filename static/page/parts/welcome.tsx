import type { Room } from '../../../schemas/room.js'
import { IconButton } from './icon-button.js'
import { useApp, useSelected, useWords } from './use.js'

/** A word to who is new, until they say something or close it. */
export function Welcome({ room }: { room: Room }) {
  const app = useApp()
  const words = useWords()
  const newcomer = useSelected('newcomer')
  const me = useSelected('me', me => me?.username ?? '')
  if (!newcomer || !room.is_default) return null
  return (
    <div class="welcome">
      <p>{words.welcome(me, room.name)}</p>
      <IconButton icon="close" label={words.close} onClick={app.welcomed} />
    </div>
  )
}
