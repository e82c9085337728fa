import { type Language, languages } from '../i18n/index.js'
import { useApp, useAppState, useTexts } from './hooks.js'

export function LanguageSelect() {
  const app = useApp()
  const texts = useTexts()
  const language = useAppState('language')
  return (
    <select
      class="language"
      aria-label={texts.language}
      value={language}
      onChange={event => app.setLanguage(event.currentTarget.value as Language)}
    >
      {Object.entries(languages).map(([code, { language_name }]) => (
        <option key={code} value={code} lang={code}>
          {language_name}
        </option>
      ))}
    </select>
  )
}
