import { useLayoutEffect, useRef } from 'preact/hooks'
import { useTexts } from './hooks.js'

/** The most used emoji; the operating system's own picker has the others. */
const EMOJI = [
  ...['😀', '😂', '😊', '😍', '😎', '🤔', '😅', '😭', '😡', '😱', '🥳', '😴', '🙄', '😉', '🤗', '🫠'],
  ...['👍', '👎', '👏', '🙏', '👋', '💪', '🙌', '🤝', '❤️', '💔', '🔥', '✨', '🎉', '💯', '✅', '❌'],
  ...['☕', '🍕', '🍜', '🍻', '🎂', '🌸', '☀️', '🌧️'],
]
/** Must match the style sheet. */
const COLUMNS = 8
const steps: Partial<Record<string, number>> = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -COLUMNS, ArrowDown: COLUMNS }

/** Arrow keys move between the emoji, Enter takes one. */
export function EmojiGrid({ take }: { take: (emoji: string) => void }) {
  const texts = useTexts()
  const box = useRef<HTMLDivElement>(null)
  // Before the page is drawn: the next key is already meant for the picker.
  useLayoutEffect(() => box.current?.querySelector('button')?.focus(), [])

  function keyDown(event: KeyboardEvent) {
    const step = steps[event.key]
    if (step === undefined) return
    event.preventDefault()
    const buttons = [...(box.current?.querySelectorAll('button') ?? [])]
    const from = buttons.indexOf(event.target as HTMLButtonElement)
    buttons[from < 0 ? 0 : from + step]?.focus()
  }

  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset's legend would be visible
    <div ref={box} class="emoji" role="group" aria-label={texts.emoji} onKeyDown={keyDown}>
      {EMOJI.map((emoji, index) => (
        <button key={emoji} type="button" tabIndex={index === 0 ? 0 : -1} onClick={() => take(emoji)}>
          {emoji}
        </button>
      ))}
    </div>
  )
}
