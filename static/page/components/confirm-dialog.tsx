import { useState } from 'preact/hooks'
import { Dialog } from './dialog.js'
import { useAccount, useTexts } from './hooks.js'

interface Props {
  question: string
  /** The label of the button that confirms. */
  action: string
  run: () => Promise<unknown>
}

/** Asks before something that can't be undone. */
export function ConfirmDialog({ question, action, run }: Props) {
  const account = useAccount()
  const texts = useTexts()
  const [busy, setBusy] = useState(false)
  async function confirm() {
    const { dialog } = account.store.state
    setBusy(true)
    await account.attempt(run())
    account.finishDialog(dialog)
  }
  return (
    <Dialog title={action} class="question">
      <p>{question}</p>
      <div class="choices">
        <button type="button" onClick={() => account.showDialog(null)}>
          {texts.cancel}
        </button>
        <button type="button" class="primary danger" autofocus disabled={busy} onClick={confirm}>
          {action}
        </button>
      </div>
    </Dialog>
  )
}
