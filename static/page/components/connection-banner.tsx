import { useEffect, useState } from 'preact/hooks'
import { useAccount, useAccountState, useTexts } from './hooks.js'

/** A connection that is back within this time is not reported, ms. */
const QUIET_MS = 1200

/** One line while the connection is lost and messages may be out of date. */
export function ConnectionBanner() {
  const account = useAccount()
  const texts = useTexts()
  const name = useAccountState('connection', link => link?.name)
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
  function describe() {
    if (name === 'over_http') return texts.over_http
    if (name === 'closed') return texts.disconnected
    return was_open ? texts.reconnecting : texts.connecting
  }
  return (
    <div class="banner-area" role="status">
      {shown && !open && (
        <p class="banner">
          <span>{describe()}</span>
          <button type="button" class="link" onClick={account.reconnect}>
            {texts.reconnect}
          </button>
        </p>
      )}
    </div>
  )
}
