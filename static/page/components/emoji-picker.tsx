import { useState } from 'preact/hooks'
import { useTexts } from './hooks.js'
import { IconButton } from './icon-button.js'
import { lazy } from './lazy.js'

const EmojiGrid = lazy(() => import('./emoji-grid.js').then(script => script.EmojiGrid))

/** A button with a small picker, which inserts an emoji; Escape returns to the field. */
export function EmojiPicker({ take, done }: { take: (emoji: string) => void; done: () => void }) {
  const texts = useTexts()
  const [open, setOpen] = useState(false)

  function close() {
    setOpen(false)
    done()
  }
  function keyDown(event: KeyboardEvent) {
    if (event.key !== 'Escape') return
    event.stopPropagation()
    close()
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
        <EmojiGrid
          take={emoji => {
            take(emoji)
            close()
          }}
        />
      )}
    </div>
  )
}
