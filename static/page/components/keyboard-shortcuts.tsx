import { Dialog } from './dialog.js'
import { useTexts } from './hooks.js'

/** What the keys do. */
export function KeyboardShortcuts() {
  const texts = useTexts()
  const keys: [string, string][] = [
    ['?', texts.keyboard_shortcuts],
    ['Enter', texts.key_send],
    ['Shift + Enter', texts.key_line],
    ['↑', texts.key_edit],
    ['Esc', texts.key_escape],
    ['Shift + Tab, ↑ ↓', texts.key_messages],
    ['← →', texts.key_actions],
    ['Alt + ↑ ↓', texts.key_rooms],
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
