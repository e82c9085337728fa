import { useSelected, useWords } from './use.js'

/** Who writes. The place is kept, so that nothing jumps. */
export function TypingLine({ names }: { names: readonly string[] }) {
  const words = useWords()
  const people = useSelected('people')
  const shown = names.map(name => people.get(name)?.display_name || name)
  return (
    <p class="typing" aria-live="polite">
      {names.length > 0 && words.typing(shown)}
    </p>
  )
}
