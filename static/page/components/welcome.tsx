import type { Room } from '../../../schemas/room.js'
import { useAccount, useAccountState, useTexts } from './hooks.js'
import { IconButton } from './icon-button.js'

/** Greets a new user until they send a message or close it. */
export function Welcome({ room }: { room: Room }) {
  const account = useAccount()
  const texts = useTexts()
  const is_new_user = useAccountState('is_new_user')
  const me = useAccountState('me', me => me.username)
  if (!is_new_user || !room.is_default) return null
  return (
    <div class="welcome">
      <p>{texts.welcome(me, room.name)}</p>
      <IconButton icon="close" label={texts.close} onClick={account.dismissWelcome} />
    </div>
  )
}
