import { useState } from 'preact/hooks'
import type { Room } from '../../../schemas/room.js'
import { limits } from '../../../schemas/wire.js'
import { ApiError } from '../../client/index.js'
import { describeError, type Translation } from '../i18n/index.js'
import { displayName } from '../state/people.js'
import { durationName } from '../text/duration.js'
import { Dialog } from './dialog.js'
import { Field } from './field.js'
import { useAccount, useAccountState, useAppState, useOwnTexts, useTexts } from './hooks.js'

const en = {
  ban: (name: string) => `Ban ${name}`,
  mute: (name: string) => `Mute ${name}`,
  ban_hint: 'They leave the room and can’t come back while the ban lasts.',
  mute_hint: 'They can read, but not write.',
  duration: 'Duration',
  for_good: 'Until lifted',
  reason: 'Reason (optional)',
  reason_hint: 'Only moderators see it.',
}
const ko: Translation<typeof en> = {
  ban: name => `${name}님 차단`,
  mute: name => `${name}님 채팅 금지`,
  ban_hint: '채팅방에서 나가게 되고, 차단된 동안 다시 들어올 수 없어요.',
  mute_hint: '읽을 수는 있지만 메시지를 보낼 수 없어요.',
  duration: '기간',
  for_good: '해제할 때까지',
  reason: '사유 (선택)',
  reason_hint: '운영진에게만 보여요.',
}

/** Offered in seconds; 0 for no end. */
const DURATIONS = [600, 3600, 86_400, 7 * 86_400, 30 * 86_400, 0]

interface Props {
  room: Room
  username: string
  how: 'ban' | 'mute'
}

/** Bans or mutes a member, for how long and why. */
export function RestrictMember({ room, username, how }: Props) {
  const account = useAccount()
  const texts = useTexts()
  const own = useOwnTexts({ en, ko })
  const language = useAppState('language')
  const name = useAccountState('people', people => displayName(people, username))
  const [seconds, setSeconds] = useState(how === 'ban' ? 0 : 3600)
  const [reason, setReason] = useState('')
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<string | null>(null)

  async function submit(event: Event) {
    event.preventDefault()
    const { dialog } = account.store.state
    setBusy(true)
    setError(null)
    try {
      await account.http[how](room.id, username, {
        ...(seconds > 0 && { until: new Date(Date.now() + seconds * 1000).toISOString() }),
        ...(reason.trim() !== '' && { reason: reason.trim() }),
      })
      await account.rooms.refresh(room.id)
      account.finishDialog(dialog)
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      setError(describeError(texts, error))
      setBusy(false)
    }
  }

  return (
    <Dialog title={own[how](name)}>
      <form onSubmit={submit} noValidate>
        <p class="note">{how === 'ban' ? own.ban_hint : own.mute_hint}</p>
        <Field label={own.duration}>
          {attributes => (
            <select
              {...attributes}
              value={String(seconds)}
              onChange={event => setSeconds(Number(event.currentTarget.value))}
            >
              {DURATIONS.map(seconds => (
                <option key={seconds} value={String(seconds)}>
                  {seconds === 0 ? own.for_good : durationName(seconds, language)}
                </option>
              ))}
            </select>
          )}
        </Field>
        <Field label={own.reason} hint={own.reason_hint} error={error}>
          {attributes => (
            <input
              {...attributes}
              autocomplete="off"
              maxLength={limits.REASON_MAX}
              value={reason}
              onInput={event => setReason(event.currentTarget.value)}
            />
          )}
        </Field>
        <div class="choices">
          <button type="button" onClick={() => account.showDialog(null)}>
            {texts.cancel}
          </button>
          <button type="submit" class={how === 'ban' ? 'primary danger' : 'primary'} disabled={busy}>
            {how === 'ban' ? texts.ban : texts.mute_member}
          </button>
        </div>
      </form>
    </Dialog>
  )
}
