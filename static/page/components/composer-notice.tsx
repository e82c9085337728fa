import { useEffect, useLayoutEffect, useReducer } from 'preact/hooks'
import type { Room } from '../../../schemas/room.js'
import type { Translation } from '../i18n/index.js'
import type { ConversationView } from '../state/state.js'
import { durationName } from '../text/duration.js'
import { slowWait } from '../text/slow-wait.js'
import { useAccountState, useAppState, useOwnTexts } from './hooks.js'
import { Icon } from './icon.js'

const en = {
  slow: (interval: string) => `Slow mode: one message every ${interval}.`,
  wait: (left: string) => `Slow mode: you can send again in ${left}.`,
}
const ko: Translation<typeof en> = {
  slow: (interval: string) => `슬로우 모드: ${interval}에 한 번씩 보낼 수 있어요.`,
  wait: (left: string) => `슬로우 모드: ${left} 뒤에 다시 보낼 수 있어요.`,
}

interface Props {
  view: ConversationView
  room: Room
  /** Called with true while nothing can be sent. */
  close: (closed: boolean) => void
}

/** Why and until when the user cannot send now. It is always as high, so that the list does not move. */
export function ComposerNotice({ view, room, close }: Props) {
  const own = useOwnTexts({ en, ko })
  const language = useAppState('language')
  const me = useAccountState('me', me => me.username)
  const [, redraw] = useReducer<number, void>(count => count + 1, 0)
  const wait_ms = slowWait(view, me, room.slow_mode_s)
  const closed = wait_ms > 0
  useLayoutEffect(() => {
    close(closed)
    return () => close(false)
  }, [closed])
  useEffect(() => {
    if (!closed) return
    // At the next whole second.
    const timer = setTimeout(redraw, wait_ms % 1000 || 1000)
    return () => clearTimeout(timer)
  })
  return (
    <p class="composer-notice">
      <Icon name="clock" small />
      {closed
        ? own.wait(durationName(Math.ceil(wait_ms / 1000), language))
        : own.slow(durationName(room.slow_mode_s, language))}
    </p>
  )
}
