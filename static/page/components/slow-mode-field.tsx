import type { Translation } from '../i18n/index.js'
import { durationName } from '../text/duration.js'
import { Field } from './field.js'
import { useAppState, useOwnTexts } from './hooks.js'

const en = {
  slow_mode: 'Slow mode',
  hint: 'How long members wait between two messages. Moderators don’t wait.',
  off: 'Off',
}
const ko: Translation<typeof en> = {
  slow_mode: '슬로우 모드',
  hint: '멤버가 다음 메시지를 보내기까지 기다리는 시간이에요. 운영진은 기다리지 않아도 돼요.',
  off: '끔',
}

/** Offered for slow mode, in seconds. */
const WAITS = [0, 5, 10, 30, 60, 300, 900, 3600, 21_600]

interface Props {
  seconds: number
  /** As it is set now: over the API, any wait can be set. */
  present: number
  choose: (seconds: number) => void
}

export function SlowModeField({ seconds, present, choose }: Props) {
  const own = useOwnTexts({ en, ko })
  const language = useAppState('language')
  const offered = [...new Set([...WAITS, present])].sort((a, b) => a - b)
  return (
    <Field label={own.slow_mode} hint={own.hint}>
      {attributes => (
        <select {...attributes} value={String(seconds)} onChange={event => choose(Number(event.currentTarget.value))}>
          {offered.map(wait => (
            <option key={wait} value={String(wait)}>
              {wait === 0 ? own.off : durationName(wait, language)}
            </option>
          ))}
        </select>
      )}
    </Field>
  )
}
