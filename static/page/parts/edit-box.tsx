import { useLayoutEffect, useRef } from 'preact/hooks'
import type { Message } from '../../../schemas/message.js'
import { limits } from '../../../schemas/wire.js'
import { codePoints } from '../text/check.js'
import { useApp, useWords } from './use.js'
import { useEnter } from './use-enter.js'

/** A message of one's own while its text is changed: Enter keeps it, Escape gives it up. */
export function EditBox({ message }: { message: Message }) {
  const app = useApp()
  const words = useWords()
  const field = useRef<HTMLTextAreaElement>(null)

  useLayoutEffect(() => {
    const element = field.current
    if (!element) return
    element.value = message.text
    element.focus()
    element.setSelectionRange(element.value.length, element.value.length)
  }, [message.id])

  async function save() {
    const text = field.current?.value ?? ''
    if (text.trim() === '' || codePoints(text) > limits.TEXT_MAX) return
    end()
    if (text === message.text) return
    const error = await app.talk()?.edit(message.id, text)
    if (error) app.tellTrouble(error)
  }
  function end() {
    app.talk()?.beginEdit(null)
    document.querySelector<HTMLElement>('.composer textarea')?.focus()
  }
  useEnter(field, save)

  return (
    <div class="edit-box">
      <textarea
        ref={field}
        rows={1}
        dir="auto"
        aria-label={words.edit_message}
        onKeyDown={event => {
          if (event.key !== 'Escape' || event.isComposing) return
          event.stopPropagation()
          end()
        }}
      />
      <div class="choices">
        <button type="button" onClick={end}>
          {words.cancel}
        </button>
        <button type="button" class="primary" onClick={save}>
          {words.save}
        </button>
      </div>
    </div>
  )
}
