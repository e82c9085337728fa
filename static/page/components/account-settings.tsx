import { useEffect, useState } from 'preact/hooks'
import type { OwnSession } from '../../../schemas/user.js'
import { ApiError } from '../../client/index.js'
import { describeError, type Translation } from '../i18n/index.js'
import { validate } from '../text/validate.js'
import { BlockedPeople } from './blocked-people.js'
import { DeleteAccount } from './delete-account.js'
import { Dialog } from './dialog.js'
import { ExportAccount } from './export-account.js'
import { Field } from './field.js'
import { useAccount, useAccountState, useOwnTexts, useTexts } from './hooks.js'
import { DayAndTime } from './time.js'

const en = {
  password: 'Change password',
  current: 'Current password',
  next: 'New password',
  others_end: 'You’ll be logged out on your other devices.',
  changed: 'Password changed. You’ve been logged out on your other devices.',
  wrong: 'The current password is incorrect.',
  devices: 'Devices',
  this_device: 'This device',
  unknown: 'Unknown device',
  last_active: 'Last active',
  end: (device: string) => `Log out ${device}`,
  end_all: 'Log out all other devices',
  none: 'You’re not logged in anywhere else.',
  show_more: 'Show more',
}
const ko: Translation<typeof en> = {
  password: '비밀번호 변경',
  current: '현재 비밀번호',
  next: '새 비밀번호',
  others_end: '다른 기기에서는 로그아웃돼요.',
  changed: '비밀번호를 변경했어요. 다른 기기에서는 로그아웃됐어요.',
  wrong: '현재 비밀번호가 맞지 않아요.',
  devices: '로그인한 기기',
  this_device: '현재 기기',
  unknown: '알 수 없는 기기',
  last_active: '마지막 활동',
  end: device => `${device} 로그아웃`,
  end_all: '다른 기기 모두 로그아웃',
  none: '다른 기기에서는 로그인하지 않았어요.',
  show_more: '더 보기',
}

/** The user's password and sessions. */
export function AccountSettings() {
  const texts = useTexts()
  /** Counts the password changes, each of which ends other sessions. */
  const [changes, setChanges] = useState(0)
  return (
    <Dialog title={texts.account} class="account">
      <PasswordForm onChanged={() => setChanges(changes + 1)} />
      <Devices key={changes} />
      <BlockedPeople />
      <ExportAccount />
      <DeleteAccount />
    </Dialog>
  )
}

interface Errors {
  current?: string | null
  next?: string | null
  form?: string | null
}

function PasswordForm({ onChanged }: { onChanged: () => void }) {
  const account = useAccount()
  const me = useAccountState('me')
  const texts = useTexts()
  const own = useOwnTexts({ en, ko })
  const [current, setCurrent] = useState('')
  const [next, setNext] = useState('')
  const [errors, setErrors] = useState<Errors>({})
  const [state, setState] = useState<'idle' | 'busy' | 'changed'>('idle')

  async function submit(event: Event) {
    event.preventDefault()
    if (state === 'busy') return
    const wrong = validate.password(next)
    const found = { current: current === '' ? texts.required : null, next: wrong && texts[wrong] }
    setErrors(found)
    setState('idle')
    if (found.current || found.next) return
    setState('busy')
    try {
      await account.http.changePassword({ current_password: current, new_password: next })
      setCurrent('')
      setNext('')
      setState('changed')
      onChanged()
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      if (error.code === 'PASSWORD_WRONG') setErrors({ current: own.wrong })
      else if (error.code.startsWith('PASSWORD_')) setErrors({ next: describeError(texts, error) })
      else setErrors({ form: describeError(texts, error) })
      setState('idle')
    }
  }

  return (
    <section>
      <h3>{own.password}</h3>
      <form onSubmit={submit} noValidate>
        {/* So that a password manager knows whose password it is. */}
        <input type="text" hidden autocomplete="username" value={me.username} readOnly />
        <Field label={own.current} error={errors.current}>
          {attributes => (
            <input
              {...attributes}
              type="password"
              autocomplete="current-password"
              value={current}
              onInput={event => setCurrent(event.currentTarget.value)}
            />
          )}
        </Field>
        <Field label={own.next} error={errors.next} hint={texts.password_hint}>
          {attributes => (
            <input
              {...attributes}
              type="password"
              autocomplete="new-password"
              value={next}
              onInput={event => setNext(event.currentTarget.value)}
            />
          )}
        </Field>
        <div class="with-note">
          <p class={errors.form ? 'note error' : 'note'} role="status">
            {errors.form || (state === 'changed' ? own.changed : own.others_end)}
          </p>
          <button type="submit" class="primary" disabled={state === 'busy'}>
            {own.password}
          </button>
        </div>
      </form>
    </section>
  )
}

function Devices() {
  const account = useAccount()
  const texts = useTexts()
  const own = useOwnTexts({ en, ko })
  const [sessions, setSessions] = useState<readonly OwnSession[] | null>(null)
  const [has_more, setHasMore] = useState(false)
  const [error, setError] = useState<string | null>(null)

  async function attempt(work: () => Promise<unknown>) {
    setError(null)
    try {
      await work()
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      setError(describeError(texts, error))
    }
  }

  async function load(known: readonly OwnSession[]) {
    const after = known.at(-1)?.id
    const page = await account.http.sessions(after === undefined ? {} : { after })
    setSessions([...known, ...page.sessions])
    setHasMore(page.has_more)
  }
  useEffect(() => {
    attempt(() => load([]))
  }, [])

  const end = ({ id }: OwnSession) =>
    attempt(async () => {
      await account.http.endSession(id).catch(error => {
        // It has ended meanwhile.
        if (error.code !== 'SESSION_NOT_FOUND') throw error
      })
      setSessions(now => now?.filter(session => session.id !== id) ?? null)
    })
  const endOthers = () =>
    attempt(async () => {
      await account.http.endOtherSessions()
      await load([])
    })

  const shown = [...(sessions ?? [])].sort(
    (one, other) =>
      Number(other.is_current) - Number(one.is_current) || other.last_seen_at.localeCompare(one.last_seen_at),
  )
  return (
    <section>
      <h3>{own.devices}</h3>
      {sessions === null && !error && <p class="note">{texts.loading}</p>}
      <ul class="devices">
        {shown.map(session => (
          <li key={session.id}>
            <span>
              <b>{session.device || own.unknown}</b>
              <span class="note">
                {session.is_current ? (
                  own.this_device
                ) : (
                  <>
                    {own.last_active} <DayAndTime time={session.last_seen_at} />
                  </>
                )}
                {session.address && ` · ${session.address}`}
              </span>
            </span>
            {!session.is_current && (
              <button type="button" aria-label={own.end(session.device || own.unknown)} onClick={() => end(session)}>
                {texts.log_out}
              </button>
            )}
          </li>
        ))}
      </ul>
      {sessions?.length === 1 && !has_more && <p class="note">{own.none}</p>}
      {error && (
        <p class="note error" role="alert">
          {error}
        </p>
      )}
      {(shown.length > 1 || has_more) && (
        <div class="choices">
          {has_more && (
            <button type="button" onClick={() => attempt(() => load(sessions ?? []))}>
              {own.show_more}
            </button>
          )}
          <button type="button" onClick={endOthers}>
            {own.end_all}
          </button>
        </div>
      )}
    </section>
  )
}
