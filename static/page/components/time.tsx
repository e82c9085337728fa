import { useAppState } from './hooks.js'

const formats = new Map<string, Intl.DateTimeFormat>()

/** Cached: making a format costs far more than using it. */
function format(language: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = language + JSON.stringify(options)
  const made = formats.get(key) ?? new Intl.DateTimeFormat(language, options)
  formats.set(key, made)
  return made
}

/** The local time; the full date on hover. */
export function Time({ time }: { time: string }) {
  const language = useAppState('language')
  const date = new Date(time)
  return (
    <time dateTime={time} title={format(language, { dateStyle: 'full', timeStyle: 'medium' }).format(date)}>
      {format(language, { timeStyle: 'short' }).format(date)}
    </time>
  )
}

/** A key of the local day, the same for all times of that day. */
export const localDay = (time: string) => new Date(time).toDateString()

export function dayName(time: string, language: string, texts: { today: string; yesterday: string }): string {
  const day = localDay(time)
  const now = new Date()
  if (day === now.toDateString()) return texts.today
  now.setDate(now.getDate() - 1)
  if (day === now.toDateString()) return texts.yesterday
  return format(language, { dateStyle: 'full' }).format(new Date(time))
}
