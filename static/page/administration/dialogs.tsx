import { useEffect, useRef, useState } from 'preact/hooks'
import { type MessagesOfDeleted, messagesOfDeleted, type OwnSession } from '../../../schemas/user.js'
import { Dialog } from '../components/dialog.js'
import { useAccount, useAccountState, useOwnTexts, useTexts } from '../components/hooks.js'
import { LinkOnce } from '../components/link-once.js'
import { DayAndTime } from '../components/time.js'
import { displayName } from '../state/people.js'
import { useAdmin } from './hooks.js'
import { adminTexts } from './texts.js'

/** The dialogs that only this screen opens. */
export function AdminDialogs() {
  const dialog = useAccountState('dialog')
  if (dialog?.name === 'user_sessions') return <Sessions username={dialog.username} />
  if (dialog?.name === 'reset_link') return <ResetLink username={dialog.username} link={dialog.link} />
  if (dialog?.name === 'delete_user') return <DeleteUser username={dialog.username} on_deleted={dialog.on_deleted} />
  return null
}

const useName = (username: string) => useAccountState('people', people => displayName(people, username))

function Sessions({ username }: { username: string }) {
  const { http, attempt } = useAdmin()
  const texts = useTexts()
  const own = useOwnTexts(adminTexts)
  const name = useName(username)
  const [sessions, setSessions] = useState<readonly OwnSession[] | null>(null)
  const [has_more, setHasMore] = useState(false)
  const list = useRef<HTMLUListElement>(null)

  async function load(known: readonly OwnSession[]) {
    const after = known.at(-1)?.id
    const page = await attempt(http.sessions(username, after === undefined ? {} : { after }))
    if (!page) return
    setSessions([...known, ...page.sessions])
    setHasMore(page.has_more)
  }
  useEffect(() => void load([]), [username])

  async function end(id: string) {
    await attempt(http.endSession(username, id))
    await load([])
    // The button that had the focus is gone.
    list.current?.focus()
  }
  async function endAll() {
    await attempt(http.endSessions(username))
    await load([])
    list.current?.focus()
  }
  const shown = [...(sessions ?? [])].sort((one, other) => other.last_seen_at.localeCompare(one.last_seen_at))
  return (
    <Dialog title={own.sessions_of(name)}>
      {sessions === null && <p class="note">{texts.loading}</p>}
      {sessions?.length === 0 && <p class="note">{own.no_sessions}</p>}
      <ul class="devices" ref={list} tabIndex={-1} aria-label={own.sessions}>
        {shown.map(({ id, device, address, last_seen_at }) => (
          <li key={id}>
            <span>
              <b>{device || own.unknown_device}</b>
              <span class="note">
                {own.last_active} <DayAndTime time={last_seen_at} />
                {address && ` · ${address}`}
              </span>
            </span>
            <button type="button" aria-label={own.log_out_device(device || own.unknown_device)} onClick={() => end(id)}>
              {own.log_out}
            </button>
          </li>
        ))}
      </ul>
      {shown.length > 0 && (
        <div class="choices">
          {has_more && (
            <button type="button" onClick={() => load(sessions ?? [])}>
              {own.show_more}
            </button>
          )}
          <button type="button" class="danger" onClick={endAll}>
            {own.log_out_all}
          </button>
        </div>
      )}
    </Dialog>
  )
}

function ResetLink({ username, link }: { username: string; link: string }) {
  const own = useOwnTexts(adminTexts)
  const name = useName(username)
  return (
    <Dialog title={own.reset_title}>
      <p class="dialog-lead">{own.reset_hint(name)}</p>
      <LinkOnce label={own.link} link={link} />
    </Dialog>
  )
}

function DeleteUser({ username, on_deleted }: { username: string; on_deleted: () => void }) {
  const { http, attempt } = useAdmin()
  const account = useAccount()
  const texts = useTexts()
  const own = useOwnTexts(adminTexts)
  const name = useName(username)
  const [messages, setMessages] = useState<MessagesOfDeleted>('keep')
  const [busy, setBusy] = useState(false)
  async function submit(event: Event) {
    event.preventDefault()
    if (busy) return
    const { dialog } = account.store.state
    setBusy(true)
    const done = await attempt(http.deleteUser(username, messages).then(() => true))
    if (done) on_deleted()
    account.finishDialog(dialog)
  }
  return (
    <Dialog title={own.delete_user}>
      <form onSubmit={submit}>
        <p>{own.delete_what(name)}</p>
        <fieldset class="ways">
          <legend>{own.delete_messages}</legend>
          {messagesOfDeleted.map(choice => (
            <label key={choice} class="way">
              <b>{own[choice]}</b>
              <input type="radio" name="messages" checked={messages === choice} onChange={() => setMessages(choice)} />
              <span>{own[`${choice}_hint`]}</span>
            </label>
          ))}
        </fieldset>
        <div class="choices">
          <button type="button" onClick={() => account.showDialog(null)}>
            {texts.cancel}
          </button>
          <button type="submit" class="primary danger" disabled={busy}>
            {own.delete_for_good}
          </button>
        </div>
      </form>
    </Dialog>
  )
}
