import { type Language, languages } from '../words/index.js'
import { useApp, useSelected, useWords } from './use.js'

export function LanguageChoice() {
  const app = useApp()
  const words = useWords()
  const language = useSelected('language')
  return (
    <select
      class="language"
      aria-label={words.language}
      value={language}
      onChange={event => app.speak(event.currentTarget.value as Language)}
    >
      {Object.entries(languages).map(([code, { language_name }]) => (
        <option key={code} value={code} lang={code}>
          {language_name}
        </option>
      ))}
    </select>
  )
}
