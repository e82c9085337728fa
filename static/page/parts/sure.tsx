import { useState } from 'preact/hooks'
import { useApp, useWords } from './use.js'
import { Window } from './window.js'

/** Asks before something that can't be undone. */
export function Sure({ question, yes, act }: { question: string; yes: string; act: () => Promise<unknown> }) {
  const app = useApp()
  const words = useWords()
  const [busy, setBusy] = useState(false)
  async function go() {
    const { dialog } = app.store.state
    setBusy(true)
    await app.attempt(act())
    app.leaveDialog(dialog)
  }
  return (
    <Window title={yes}>
      <p>{question}</p>
      <div class="choices">
        <button type="button" onClick={() => app.dialog(null)}>
          {words.cancel}
        </button>
        <button type="button" class="danger" disabled={busy} onClick={go}>
          {yes}
        </button>
      </div>
    </Window>
  )
}
