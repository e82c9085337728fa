import type { ApiError } from '../../client/index.js'
import { browserStorage } from '../state/browser-storage.js'
import type { Dictionary } from './dictionary.js'
import { en } from './en.js'
import { ko } from './ko.js'

export type { Dictionary, Translation } from './dictionary.js'
export const languages = { en, ko } as const
export type Language = keyof typeof languages

const KEY = 'talkie.language'

export function loadLanguage(): Language {
  const saved = browserStorage.getItem(KEY)
  if (saved === 'en' || saved === 'ko') return saved
  return navigator.languages.some(language => language.startsWith('ko')) ? 'ko' : 'en'
}

export function saveLanguage(language: Language) {
  browserStorage.setItem(KEY, language)
}

/** An error in the user's language. */
export function describeError(texts: Dictionary, { code, retry_after_ms }: ApiError): string {
  if (code === 'RATE_LIMITED' && retry_after_ms) return texts.wait_seconds(Math.ceil(retry_after_ms / 1000))
  return (texts.errors as Partial<Record<string, string>>)[code] ?? texts.error
}
