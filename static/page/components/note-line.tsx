import type { Note } from '../../../schemas/log-entry.js'
import { displayName } from '../state/people.js'
import { happeningTexts, summarize } from '../text/happenings.js'
import { useAccountState, useAppState, useOwnTexts } from './hooks.js'

/** What happened to members and settings between two messages, in one line. */
export function NoteLine({ notes }: { notes: readonly Note[] }) {
  const language = useAppState('language')
  const texts = useOwnTexts(happeningTexts)
  const people = useAccountState('people')
  const name = (username: string) => displayName(people, username)
  return <span>{summarize(notes, name, texts, language).join(' · ')}</span>
}
