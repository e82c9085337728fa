import { useWords } from './use.js'
import { Window } from './window.js'

/** What the keys do. */
export function KeysSheet() {
  const words = useWords()
  const keys: [string, string][] = [
    ['?', words.keyboard_shortcuts],
    ['Enter', words.key_send],
    ['Shift + Enter', words.key_line],
    ['↑', words.key_edit],
    ['Esc', words.key_escape],
    ['Shift + Tab, ↑ ↓', words.key_messages],
    ['Alt + ↑ ↓', words.key_rooms],
    ['Ctrl + K', words.find_room],
    ['Ctrl + Shift + F', words.search_hint],
  ]
  return (
    <Window title={words.keyboard_shortcuts}>
      <dl class="keys">
        {keys.map(([key, what]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </Window>
  )
}
