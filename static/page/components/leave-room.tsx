import { useState } from 'preact/hooks'
import type { Room } from '../../../schemas/room.js'
import type { Translation } from '../i18n/index.js'
import { Dialog } from './dialog.js'
import { useAccount, useOwnTexts, useTexts } from './hooks.js'

const en = {
  refuse: 'Don’t let anyone add me again',
  leave_confirm: (name: string) => `Leave “${name}”?`,
}
const ko: Translation<typeof en> = {
  refuse: '다른 사람이 나를 다시 추가하지 못하게 하기',
  leave_confirm: name => `‘${name}’ 채팅방에서 나갈까요?`,
}

/** Asks before the user leaves a room, and whether they can be added again. */
export function LeaveRoom({ room }: { room: Room }) {
  const account = useAccount()
  const texts = useTexts()
  const own = useOwnTexts({ en, ko })
  const [refuse, setRefuse] = useState(false)
  const [busy, setBusy] = useState(false)
  async function leave() {
    const { dialog } = account.store.state
    setBusy(true)
    await account.attempt(account.leaveRoom(room.id, refuse))
    account.finishDialog(dialog)
  }
  return (
    <Dialog title={texts.leave} class="question">
      <p>{own.leave_confirm(room.name)}</p>
      <label class="check">
        <input type="checkbox" checked={refuse} onChange={event => setRefuse(event.currentTarget.checked)} />
        {own.refuse}
      </label>
      <div class="choices">
        <button type="button" onClick={() => account.showDialog(null)}>
          {texts.cancel}
        </button>
        <button type="button" class="primary danger" autofocus disabled={busy} onClick={leave}>
          {texts.leave}
        </button>
      </div>
    </Dialog>
  )
}
