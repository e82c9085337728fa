import { useLayoutEffect } from 'preact/hooks'
import { useAccount } from './hooks.js'
import { hasTextFocus } from './text-focus.js'

/** The keyboard shortcuts that work everywhere on the page. */
export function useShortcuts() {
  const account = useAccount()
  useLayoutEffect(() => {
    function keyDown(event: KeyboardEvent) {
      if (event.isComposing || event.defaultPrevented || account.store.state.dialog) return
      const command = event.ctrlKey || event.metaKey
      const writing = hasTextFocus(event.target as Element)
      if (event.key === '?' && !writing && !command) account.showDialog({ name: 'keyboard_shortcuts' })
      else if (command && !event.shiftKey && event.key.toLowerCase() === 'k') account.showDialog({ name: 'switcher' })
      else if (command && event.shiftKey && event.key.toLowerCase() === 'f') account.showPanel('search')
      else if (event.altKey && event.key === 'ArrowUp') step(-1)
      else if (event.altKey && event.key === 'ArrowDown') step(1)
      else if (event.key === 'Escape' && account.store.state.panel) {
        account.showPanel(null)
        focus('.composer textarea')
      } else {
        // A character goes to the message box, whatever has the focus; Space is for buttons.
        const types = event.key.length === 1 && event.key !== ' ' && !command && !event.altKey
        if (types && !writing) focus('.composer textarea')
        return
      }
      event.preventDefault()
    }
    addEventListener('keydown', keyDown)
    return () => removeEventListener('keydown', keyDown)
  }, [account])
}

const focus = (selector: string) => document.querySelector<HTMLElement>(selector)?.focus()

/** Opens the next room in the displayed order. */
function step(by: number) {
  const links = [...document.querySelectorAll<HTMLAnchorElement>('.room-link')]
  const next = links[links.findIndex(link => link.hasAttribute('aria-current')) + by]
  // The focus leaves its field, so that the room's message box may take it.
  next?.focus()
  next?.click()
}
