import type { Translation } from '../i18n/dictionary.js'

const en = { until: (time: string) => `Until ${time}` }
const ko: Translation<typeof en> = { until: time => `${time}까지` }
export const untilTexts = { en, ko }

/** A time at which something ends: without the day if that is today. */
export function untilName(time: string, language: string, now = new Date()): string {
  const date = new Date(time)
  const isToday = date.toDateString() === now.toDateString()
  return date.toLocaleString(language, { timeStyle: 'short', ...(!isToday && { dateStyle: 'medium' }) })
}
