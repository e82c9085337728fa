import { useEffect, useState } from 'preact/hooks'
import { useApp, useSelected, useWords } from './use.js'

/** A connection that is back this soon is not worth a word, ms. */
const QUIET_MS = 1200

/** One quiet line while what is shown may be old. */
export function Banner() {
  const app = useApp()
  const words = useWords()
  const name = useSelected('link', link => link?.name)
  const open = name === undefined || name === 'open'
  const [shown, setShown] = useState(false)
  const [was_open, setWasOpen] = useState(false)
  useEffect(() => {
    if (open) {
      setShown(false)
      if (name === 'open') setWasOpen(true)
      return
    }
    const timer = setTimeout(() => setShown(true), QUIET_MS)
    return () => clearTimeout(timer)
  }, [open, name])
  return (
    <div class="banner-place" role="status">
      {shown && !open && (
        <p class="banner">
          <span>{name === 'closed' ? words.disconnected : was_open ? words.reconnecting : words.connecting}</span>
          <button type="button" class="link" onClick={app.reconnect}>
            {words.reconnect}
          </button>
        </p>
      )}
    </div>
  )
}
