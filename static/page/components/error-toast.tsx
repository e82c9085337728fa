import { useAccount, useAccountState, useTexts } from './hooks.js'
import { IconButton } from './icon-button.js'

/** An error that belongs to no field. */
export function ErrorToast() {
  const account = useAccount()
  const texts = useTexts()
  const error = useAccountState('error')
  return (
    <div class="error-toast" role="alert">
      {error && (
        <p class="toast">
          <span>{error}</span>
          <IconButton icon="close" label={texts.close} onClick={account.dismissError} />
        </p>
      )}
    </div>
  )
}
