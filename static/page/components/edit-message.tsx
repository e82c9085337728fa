import { useLayoutEffect, useRef } from 'preact/hooks'
import type { Message } from '../../../schemas/message.js'
import { limits } from '../../../schemas/wire.js'
import type { Translation } from '../i18n/index.js'
import { codePoints } from '../text/validate.js'
import { useAccount, useOwnTexts, useTexts } from './hooks.js'
import { useEnterKey } from './use-enter-key.js'

const en = {
  edit_message: 'Edit message',
}
const ko: Translation<typeof en> = {
  edit_message: '메시지 수정',
}

/** One's own message while it is edited: Enter saves, Escape cancels. */
export function EditMessage({ message }: { message: Message }) {
  const account = useAccount()
  const texts = useTexts()
  const own = useOwnTexts({ en, ko })
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
    const error = await account.conversations.current()?.edit(message.id, text)
    if (error) account.showError(error)
  }
  function end() {
    account.conversations.current()?.beginEdit(null)
    document.querySelector<HTMLElement>('.composer textarea')?.focus()
  }
  useEnterKey(field, save)

  return (
    <div class="edit-box">
      <textarea
        ref={field}
        rows={1}
        dir="auto"
        aria-label={own.edit_message}
        onKeyDown={event => {
          if (event.key !== 'Escape' || event.isComposing) return
          event.stopPropagation()
          end()
        }}
      />
      <div class="choices">
        <button type="button" onClick={end}>
          {texts.cancel}
        </button>
        <button type="button" class="primary" onClick={save}>
          {texts.save}
        </button>
      </div>
    </div>
  )
}
