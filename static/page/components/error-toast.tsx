import { useAccount, useAccountState, useTexts } from './hooks.js'
import { IconButton } from './icon-button.js'

/** An error that belongs to no field, and a script of the page's that could not be loaded. */
export function ErrorToast() {
  const account = useAccount()
  const texts = useTexts()
  const error = useAccountState('error')
  const outdated = useAccountState('outdated')
  return (
    <div class="error-toast" role="alert">
      {error && (
        <p class="toast">
          <span>{error}</span>
          <IconButton icon="close" label={texts.close} onClick={account.dismissError} />
        </p>
      )}
      {outdated && (
        <p class="toast">
          <span>{texts.outdated}</span>
          <button type="button" class="link" onClick={() => location.reload()}>
            {texts.reload}
          </button>
        </p>
      )}
    </div>
  )
}
