import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import { useTexts } from './hooks.js'
import { IconButton } from './icon-button.js'

/** The most used emoji; the operating system's own picker has the others. */
const EMOJI = [
  ...['😀', '😂', '😊', '😍', '😎', '🤔', '😅', '😭', '😡', '😱', '🥳', '😴', '🙄', '😉', '🤗', '🫠'],
  ...['👍', '👎', '👏', '🙏', '👋', '💪', '🙌', '🤝', '❤️', '💔', '🔥', '✨', '🎉', '💯', '✅', '❌'],
  ...['☕', '🍕', '🍜', '🍻', '🎂', '🌸', '☀️', '🌧️'],
]
/** Must match the style sheet. */
const COLUMNS = 8
const steps: Partial<Record<string, number>> = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -COLUMNS, ArrowDown: COLUMNS }

/** A small picker: arrow keys move between the emoji, Enter inserts one, Escape returns to the field. */
export function EmojiPicker({ take, done }: { take: (emoji: string) => void; done: () => void }) {
  const texts = useTexts()
  const [open, setOpen] = useState(false)
  const box = useRef<HTMLDivElement>(null)
  // Before the page is drawn: the next key is already meant for the picker.
  useLayoutEffect(() => {
    if (open) box.current?.querySelector('button')?.focus()
  }, [open])

  function close() {
    setOpen(false)
    done()
  }
  function keyDown(event: KeyboardEvent) {
    if (event.key === 'Escape') {
      event.stopPropagation()
      return close()
    }
    const step = steps[event.key]
    if (step === undefined) return
    event.preventDefault()
    const buttons = [...(box.current?.querySelectorAll('button') ?? [])]
    const from = buttons.indexOf(event.target as HTMLButtonElement)
    buttons[from < 0 ? 0 : from + step]?.focus()
  }

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: it handles the keys of the buttons inside
    <div
      class="emoji-picker"
      onKeyDown={open ? keyDown : undefined}
      onFocusOut={event => {
        if (open && !event.currentTarget.contains(event.relatedTarget as Node | null)) setOpen(false)
      }}
    >
      <IconButton icon="smile" label={texts.emoji} pressed={open} onClick={() => (open ? close() : setOpen(true))} />
      {open && (
        // biome-ignore lint/a11y/useSemanticElements: a fieldset's legend would be visible
        <div ref={box} class="emoji" role="group" aria-label={texts.emoji}>
          {EMOJI.map((emoji, index) => (
            <button
              key={emoji}
              type="button"
              tabIndex={index === 0 ? 0 : -1}
              onClick={() => {
                take(emoji)
                close()
              }}
            >
              {emoji}
            </button>
          ))}
        </div>
      )}
    </div>
  )
}
