import { useLayoutEffect } from 'preact/hooks'
import { useApp } from './use.js'
import { isWriting } from './writing.js'

/** The keys that work everywhere in the page. */
export function useKeys() {
  const app = useApp()
  useLayoutEffect(() => {
    function keyDown(event: KeyboardEvent) {
      if (event.isComposing || event.defaultPrevented || app.store.state.dialog) return
      const command = event.ctrlKey || event.metaKey
      const writing = isWriting(event.target as Element)
      if (event.key === '?' && !writing && !command) app.dialog({ name: 'keys' })
      else if (command && !event.shiftKey && event.key.toLowerCase() === 'k') focus('.sidebar .find')
      else if (command && event.shiftKey && event.key.toLowerCase() === 'f') app.panel('search')
      else if (event.altKey && event.key === 'ArrowUp') step(-1)
      else if (event.altKey && event.key === 'ArrowDown') step(1)
      else if (event.key === 'Escape' && app.store.state.panel) {
        app.panel(null)
        focus('.composer textarea')
      } else return
      event.preventDefault()
    }
    addEventListener('keydown', keyDown)
    return () => removeEventListener('keydown', keyDown)
  }, [app])
}

const focus = (selector: string) => document.querySelector<HTMLElement>(selector)?.focus()

/** To the next room of the list, as it is shown. */
function step(by: number) {
  const links = [...document.querySelectorAll<HTMLAnchorElement>('.room-link')]
  const next = links[links.findIndex(link => link.hasAttribute('aria-current')) + by]
  // So that the room's field may take the focus, wherever it was.
  next?.focus()
  next?.click()
}
