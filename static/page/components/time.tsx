import { useAppState, useTexts } from './hooks.js'

const formats = new Map<string, Intl.DateTimeFormat>()

/** Cached: making a format costs far more than using it. */
function format(language: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = language + JSON.stringify(options)
  const made = formats.get(key) ?? new Intl.DateTimeFormat(language, options)
  formats.set(key, made)
  return made
}

/** The full date on hover: it costs more than the row around it, so it is not written before. */
const onHover = (time: string, language: string) => ({
  dateTime: time,
  onPointerEnter({ currentTarget }: { currentTarget: HTMLElement }) {
    currentTarget.title = format(language, { dateStyle: 'full', timeStyle: 'medium' }).format(new Date(time))
  },
})

/** The local time of day. */
export const clockTime = (time: string, language: string): string =>
  format(language, { timeStyle: 'short' }).format(new Date(time))

interface Props {
  time: string
  /** Without AM or PM, which the first message of the group shows. */
  bare?: boolean
}

/** The local time; the full date on hover. */
export function Time({ time, bare = false }: Props) {
  const language = useAppState('language')
  const date = new Date(time)
  const parts = format(language, { timeStyle: 'short' }).formatToParts(date)
  const shown = bare ? parts.filter(({ type }) => type !== 'dayPeriod') : parts
  return (
    <time {...onHover(time, language)}>
      {shown
        .map(({ value }) => value)
        .join('')
        .trim()}
    </time>
  )
}

/** Draws a component that tells how long ago a day was again at midnight. */
export const useToday = () => useAppState('today')

/** As full as it must be: the time today, then yesterday, the weekday, the date. */
export function ListTime({ time }: { time: string }) {
  useToday()
  const language = useAppState('language')
  const texts = useTexts()
  const date = new Date(time)
  return <time {...onHover(time, language)}>{listTime(date, language, texts)}</time>
}

/** The day if it is not today, and the time. */
export function DayAndTime({ time }: { time: string }) {
  useToday()
  const language = useAppState('language')
  const texts = useTexts()
  const date = new Date(time)
  const clock = format(language, { timeStyle: 'short' }).format(date)
  const away = daysAgo(date)
  const options: Intl.DateTimeFormatOptions = { month: 'short', day: 'numeric', ...yearIfOther(date) }
  const day = away === 0 ? texts.today : away === 1 ? texts.yesterday : format(language, options).format(date)
  return (
    <time {...onHover(time, language)}>
      {day} {clock}
    </time>
  )
}

function listTime(date: Date, language: string, texts: { yesterday: string }): string {
  const away = daysAgo(date)
  if (away <= 0) return format(language, { timeStyle: 'short' }).format(date)
  if (away === 1) return texts.yesterday
  if (away < 7) return format(language, { weekday: 'long' }).format(date)
  return format(language, { month: 'short', day: 'numeric', ...yearIfOther(date) }).format(date)
}

const yearIfOther = (date: Date): Intl.DateTimeFormatOptions =>
  date.getFullYear() === new Date().getFullYear() ? {} : { year: 'numeric' }

const midnight = (date: Date) => new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime()

/** Local days between then and now. Rounded, for a day with a change of clocks is an hour longer or shorter. */
const daysAgo = (date: Date) => Math.round((midnight(new Date()) - midnight(date)) / 86_400_000)

/** A key of the local day, the same for all times of that day. */
export const localDay = (time: string) => new Date(time).toDateString()

export function dayName(time: string, language: string, texts: { today: string; yesterday: string }): string {
  const date = new Date(time)
  const away = daysAgo(date)
  if (away === 0) return texts.today
  if (away === 1) return texts.yesterday
  return format(language, { weekday: 'long', month: 'long', day: 'numeric', ...yearIfOther(date) }).format(date)
}

/** The month and year of a time, as people say it. */
export const monthName = (time: string, language: string): string =>
  format(language, { year: 'numeric', month: 'long' }).format(new Date(time))
