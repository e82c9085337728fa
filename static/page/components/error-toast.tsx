import { useAccount, useAccountState, useTexts } from './hooks.js'
import { IconButton } from './icon-button.js'

/** What went wrong and belongs to no field. */
export function ErrorToast() {
  const account = useAccount()
  const texts = useTexts()
  const trouble = useAccountState('error')
  return (
    <div class="error-toast" role="alert">
      {trouble && (
        <p class="toast">
          <span>{trouble}</span>
          <IconButton icon="close" label={texts.close} onClick={account.dismissError} />
        </p>
      )}
    </div>
  )
}
