import type { Translation } from '../i18n/index.js'
import { Dialog } from './dialog.js'
import { useOwnTexts, useTexts } from './hooks.js'

const en = {
  send: 'Send message or save edit',
  edit: 'Edit your last message (when the message box is empty)',
  escape: 'Close, or cancel a reply or edit',
  messages: 'Previous or next message',
  actions: 'Links and actions of a message',
  rooms: 'Previous or next room',
}
const ko: Translation<typeof en> = {
  send: '메시지 보내기, 수정 저장',
  edit: '마지막으로 보낸 메시지 수정 (입력창이 비어 있을 때)',
  escape: '닫기, 답장이나 수정 취소',
  messages: '이전·다음 메시지로 이동',
  actions: '메시지의 링크와 메뉴로 이동',
  rooms: '이전·다음 채팅방으로 이동',
}

/** What the keys do. */
export function KeyboardShortcuts() {
  const texts = useTexts()
  const own = useOwnTexts({ en, ko })
  const keys: [string, string][] = [
    ['?', texts.keyboard_shortcuts],
    ['Enter', own.send],
    ['Shift + Enter', texts.key_line],
    ['↑', own.edit],
    ['Esc', own.escape],
    ['Shift + Tab, ↑ ↓', own.messages],
    ['← →', own.actions],
    ['Alt + ↑ ↓', own.rooms],
    ['Ctrl + K', texts.find_anything],
    ['Ctrl + Shift + F', texts.search_hint],
  ]
  return (
    <Dialog title={texts.keyboard_shortcuts}>
      <dl class="shortcuts">
        {keys.map(([key, what]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  )
}
