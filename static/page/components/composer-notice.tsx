import { useEffect, useLayoutEffect, useReducer } from 'preact/hooks'
import type { Room } from '../../../schemas/room.js'
import type { Translation } from '../i18n/index.js'
import type { ConversationView } from '../state/state.js'
import { durationName } from '../text/duration.js'
import { slowWait } from '../text/slow-wait.js'
import { untilName } from '../text/until.js'
import { useAccount, useAccountState, useAppState, useOwnTexts } from './hooks.js'
import { Icon } from './icon.js'

const en = {
  muted: 'You’re muted in this room.',
  muted_until: (time: string) => `You’re muted in this room until ${time}.`,
  slow: (interval: string) => `Slow mode: one message every ${interval}.`,
  wait: (left: string) => `Slow mode: you can send again in ${left}.`,
}
const ko: Translation<typeof en> = {
  muted: '이 채팅방에서 채팅이 금지되었어요.',
  muted_until: time => `${time}까지 이 채팅방에서 채팅이 금지되었어요.`,
  slow: (interval: string) => `슬로우 모드: ${interval}에 한 번씩 보낼 수 있어요.`,
  wait: (left: string) => `슬로우 모드: ${left} 뒤에 다시 보낼 수 있어요.`,
}

/** Times at which the server is asked whether a mute goes on, ms: its clock may differ from this device's. */
const ASK_MIN_MS = 5000
const ASK_MAX_MS = 600_000

/** To whole minutes, as long as the wait is longer than two. */
const roundUp = (seconds: number) => (seconds > 120 ? Math.ceil(seconds / 60) * 60 : seconds)

interface Props {
  view: ConversationView
  room: Room
  /** Called with true while nothing can be sent. */
  close: (closed: boolean) => void
}

/** Why and until when the user cannot send now. It is always as high, so that the list does not move. */
export function ComposerNotice({ view, room, close }: Props) {
  const account = useAccount()
  const own = useOwnTexts({ en, ko })
  const language = useAppState('language')
  const me = useAccountState('me', me => me.username)
  const [, redraw] = useReducer<number, void>(count => count + 1, 0)
  const { muted } = room
  const wait_ms = muted ? 0 : slowWait(view, me, room.slow_mode_s)
  const closed = muted !== undefined || wait_ms > 0
  useLayoutEffect(() => {
    close(closed)
    return () => close(false)
  }, [closed])
  useEffect(() => {
    if (wait_ms === 0) return
    // At the next whole second.
    const timer = setTimeout(redraw, wait_ms % 1000 || 1000)
    return () => clearTimeout(timer)
  })
  useEffect(() => {
    if (muted?.until === undefined) return
    const left_ms = Date.parse(muted.until) - Date.now()
    const ask = () => account.rooms.refresh(room.id)
    const timer = setTimeout(ask, Math.min(Math.max(left_ms, ASK_MIN_MS), ASK_MAX_MS))
    return () => clearTimeout(timer)
  }, [muted])
  return (
    <p class="composer-notice">
      <Icon name={muted ? 'bell_off' : 'clock'} small />
      {muted
        ? muted.until === undefined
          ? own.muted
          : own.muted_until(untilName(muted.until, language))
        : closed
          ? own.wait(durationName(roundUp(Math.ceil(wait_ms / 1000)), language))
          : own.slow(durationName(room.slow_mode_s, language))}
    </p>
  )
}
