import { displayName } from '../state/people.js'
import { useAccountState, useTexts } from './hooks.js'

/** The users who are typing. The line keeps its height when empty, so that nothing jumps. */
export function TypingIndicator({ names }: { names: readonly string[] }) {
  const texts = useTexts()
  const people = useAccountState('people')
  const shown = names.map(name => displayName(people, name))
  return (
    <p class="typing" aria-live="polite">
      {names.length > 0 && texts.typing(shown)}
    </p>
  )
}
