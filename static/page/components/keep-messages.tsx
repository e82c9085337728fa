import type { Translation } from '../i18n/index.js'
import { Field } from './field.js'
import { useOwnTexts } from './hooks.js'

const en = {
  keep: 'Keep messages',
  hint: 'Older messages are erased for everyone, for good.',
  hours: (hours: number): string => {
    if (hours === 0) return 'Forever'
    if (hours % 8760 === 0) return hours === 8760 ? '1 year' : `${hours / 8760} years`
    if (hours % 24 === 0) return hours === 24 ? '1 day' : `${hours / 24} days`
    return hours === 1 ? '1 hour' : `${hours} hours`
  },
}
const ko: Translation<typeof en> = {
  keep: '메시지 보관 기간',
  hint: '기간이 지난 메시지는 모두에게서 완전히 삭제돼요.',
  hours: hours => {
    if (hours === 0) return '계속 보관'
    if (hours % 8760 === 0) return `${hours / 8760}년`
    return hours % 24 === 0 ? `${hours / 24}일` : `${hours}시간`
  },
}

const DAY = 24
const CHOICES = [0, DAY, 7 * DAY, 30 * DAY, 90 * DAY, 365 * DAY]

/** For how many hours a room keeps its messages; another number than those offered stays if it is there. */
export function KeepMessages({ hours, choose }: { hours: number; choose: (hours: number) => void }) {
  const own = useOwnTexts({ en, ko })
  const offered = CHOICES.includes(hours) ? CHOICES : [...CHOICES, hours]
  return (
    <Field label={own.keep} hint={own.hint}>
      {attributes => (
        <select {...attributes} value={String(hours)} onChange={event => choose(Number(event.currentTarget.value))}>
          {offered.map(choice => (
            <option key={choice} value={String(choice)}>
              {own.hours(choice)}
            </option>
          ))}
        </select>
      )}
    </Field>
  )
}
