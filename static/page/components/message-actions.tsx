import { useRef } from 'preact/hooks'
import type { Message } from '../../../schemas/message.js'
import type { Translation } from '../i18n/index.js'
import { useAccount, useAccountState, useModerates, useOwnTexts, useTexts } from './hooks.js'
import { IconButton } from './icon-button.js'
import { ReactPicker } from './react-picker.js'

const en = {
  delete_message: 'Delete message',
  delete_confirm: 'Delete this message? This can’t be undone.',
  reply: 'Reply',
  copy: 'Copy text',
  versions: 'Edit history',
}
const ko: Translation<typeof en> = {
  delete_message: '메시지 삭제',
  delete_confirm: '이 메시지를 삭제할까요? 삭제하면 되돌릴 수 없어요.',
  reply: '답장',
  copy: '텍스트 복사',
  versions: '수정 기록',
}

/** The buttons of the message that is pointed at or has the focus. */
export function MessageActions({ message, is_own }: { message: Message; is_own: boolean }) {
  const account = useAccount()
  const texts = useTexts()
  const own = useOwnTexts({ en, ko })
  const copied = useRef<HTMLSpanElement>(null)
  const room = useAccountState('rooms', rooms => rooms.get(message.room_id))
  const moderates = useModerates(room ?? { is_moderator: false, is_public: false })
  // The message is one Tab stop; the arrow keys lead to its buttons.
  const tabIndex = -1

  async function copy(text: string) {
    await navigator.clipboard.writeText(text)
    if (copied.current) copied.current.textContent = texts.copied
  }
  function remove() {
    // Taken now: when the user confirms, another room may be open, which also has a message with this id.
    const conversation = account.conversations.current()
    const run = async () => {
      const error = await conversation?.remove(message.id)
      if (error) throw error
    }
    account.showDialog({ name: 'confirm', question: own.delete_confirm, action: own.delete_message, run })
  }

  return (
    <div class="actions">
      <ReactPicker message={message} />
      <IconButton
        icon="reply"
        label={own.reply}
        tabIndex={tabIndex}
        onClick={() => account.conversations.current()?.reply(message.id)}
      />
      {/* Over plain HTTP browsers offer no clipboard; the text can still be selected. */}
      {navigator.clipboard && (
        <>
          <IconButton icon="copy" label={own.copy} tabIndex={tabIndex} onClick={() => copy(message.text)} />
          <IconButton
            icon="link"
            label={texts.copy_link}
            tabIndex={tabIndex}
            onClick={() => copy(`${location.origin}/r/${message.room_id}#${message.id}`)}
          />
        </>
      )}
      {is_own && (
        <IconButton
          icon="edit"
          label={texts.edit}
          tabIndex={tabIndex}
          onClick={() => account.conversations.current()?.beginEdit(message.id)}
        />
      )}
      {message.edited_at !== undefined && (
        <IconButton
          icon="clock"
          label={own.versions}
          tabIndex={tabIndex}
          onClick={() => account.showDialog({ name: 'versions', message })}
        />
      )}
      {(is_own || moderates) && <IconButton icon="delete" label={texts.delete} tabIndex={tabIndex} onClick={remove} />}
      <span class="hidden" role="status" ref={copied} />
    </div>
  )
}
