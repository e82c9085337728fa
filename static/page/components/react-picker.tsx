import { useRef, useState } from 'preact/hooks'
import type { Message } from '../../../schemas/message.js'
import type { Translation } from '../i18n/index.js'
import { EmojiGrid } from './emoji-grid.js'
import { useAccount, useOwnTexts } from './hooks.js'
import { IconButton } from './icon-button.js'
import { useReact } from './use-react.js'

const en = { react: 'React' }
const ko: Translation<typeof en> = { react: '반응 남기기' }

/** The button that opens a picker of emoji to react with. The focus comes back to the message. */
export function ReactPicker({ message }: { message: Message }) {
  const own = useOwnTexts({ en, ko })
  const react = useReact(useAccount())
  const [open, setOpen] = useState(false)
  const box = useRef<HTMLDivElement>(null)

  function close() {
    box.current?.closest('article')?.focus()
    setOpen(false)
  }
  function keyDown(event: KeyboardEvent) {
    // The row's keys are not for the emoji.
    event.stopPropagation()
    if (event.key === 'Escape') close()
  }

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: it handles the keys of the buttons inside
    <div
      ref={box}
      class="react-picker"
      onKeyDown={open ? keyDown : undefined}
      onFocusOut={event => {
        if (open && !event.currentTarget.contains(event.relatedTarget as Node | null)) setOpen(false)
      }}
    >
      <IconButton
        icon="smile"
        label={own.react}
        tabIndex={-1}
        pressed={open}
        onClick={() => (open ? close() : setOpen(true))}
      />
      {open && (
        <EmojiGrid
          take={emoji => {
            react(message.id, emoji, true)
            close()
          }}
        />
      )}
    </div>
  )
}
