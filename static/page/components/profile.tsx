import { useEffect, useState } from 'preact/hooks'
import type { Profile, ProfileChange } from '../../../schemas/user.js'
import { AVATAR_COLORS, limits } from '../../../schemas/wire.js'
import { ApiError } from '../../client/index.js'
import { describeError, type Translation } from '../i18n/index.js'
import { openDirect } from '../state/direct-actions.js'
import { validate } from '../text/validate.js'
import { Avatar, DisplayName, Username } from './avatar.js'
import { Dialog } from './dialog.js'
import { Field } from './field.js'
import { useAccount, useAccountState, useApp, useOwnTexts, useTexts } from './hooks.js'
import { useBlock } from './use-block.js'

/** Another user's profile. */
export function ProfileCard({ username }: { username: string }) {
  const account = useAccount()
  const texts = useTexts()
  const me = useAccountState('me', me => me.username)
  const [profile, setProfile] = useState<Profile | null>(null)
  const [error, setError] = useState<ApiError | null>(null)
  useEffect(() => {
    account.http.profile(username).then(read => {
      account.people.cacheUsers([read])
      setProfile(read)
    }, setError)
  }, [account, username])
  return (
    <Dialog title={texts.profile}>
      <div class="card">
        <Avatar username={username} online={profile?.online} />
        <h3>
          <DisplayName username={username} /> <Username username={username} />
        </h3>
        {!profile && <p class="note">{error ? describeError(texts, error) : texts.loading}</p>}
        {profile && (
          <>
            <p class="note">{profile.online ? `${texts.online} · ${texts[profile.status]}` : texts.offline}</p>
            {profile.bio !== '' && (
              <p class="bio" dir="auto">
                {profile.bio}
              </p>
            )}
            {username !== me && !profile.is_deleted && <ProfileActions username={username} />}
          </>
        )}
      </div>
    </Dialog>
  )
}

const en = { message: 'Message', bio: 'About me', avatar_color: 'Avatar color' }
const ko: Translation<typeof en> = { message: '메시지 보내기', bio: '자기소개', avatar_color: '프로필 색상' }

function ProfileActions({ username }: { username: string }) {
  const { router } = useApp()
  const account = useAccount()
  const own = useOwnTexts({ en, ko })
  const block = useBlock(username)
  return (
    <div class="choices">
      <button type="button" class={block.is_blocked ? undefined : 'danger'} onClick={block.change}>
        {block.label}
      </button>
      <button
        type="button"
        class="primary"
        disabled={block.is_blocked}
        onClick={() => account.attempt(openDirect(account, router, [username]))}
      >
        {own.message}
      </button>
    </div>
  )
}

const statuses = ['available', 'busy', 'away'] as const

/** One's own profile, to edit. */
export function EditProfile() {
  const account = useAccount()
  const texts = useTexts()
  const own = useOwnTexts({ en, ko })
  const me = useAccountState('me')
  const [change, setChange] = useState<ProfileChange>({})
  const [busy, setBusy] = useState(false)
  const [errors, setErrors] = useState<{ display_name?: string; form?: string }>({})
  if (!me) return null
  const now = { ...me, ...change }

  async function submit(event: Event) {
    event.preventDefault()
    if (Object.keys(change).length === 0) return account.showDialog(null)
    const wrong = change.display_name !== undefined && validate.display_name(change.display_name)
    if (wrong) return setErrors({ display_name: texts[wrong] })
    setErrors({})
    setBusy(true)
    try {
      await account.changeProfile(change)
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      setErrors({ form: describeError(texts, error) })
      setBusy(false)
    }
  }

  return (
    <Dialog title={texts.your_profile}>
      <form onSubmit={submit} noValidate>
        <Field label={texts.display_name} error={errors.display_name} hint={`@${me.username}`}>
          {attributes => (
            <input
              {...attributes}
              name="display_name"
              autocomplete="nickname"
              dir="auto"
              value={now.display_name}
              onInput={event => setChange({ ...change, display_name: event.currentTarget.value })}
            />
          )}
        </Field>
        <Field label={own.bio}>
          {attributes => (
            <textarea
              {...attributes}
              rows={3}
              dir="auto"
              maxLength={limits.BIO_MAX}
              value={now.bio}
              onInput={event => setChange({ ...change, bio: event.currentTarget.value })}
            />
          )}
        </Field>
        <datalist id="avatar-colors">
          {AVATAR_COLORS.map(color => (
            <option key={color} value={color} />
          ))}
        </datalist>
        <div class="pair">
          <Field label={own.avatar_color}>
            {attributes => (
              <input
                {...attributes}
                type="color"
                list="avatar-colors"
                value={now.avatar_color}
                onInput={event => setChange({ ...change, avatar_color: event.currentTarget.value })}
              />
            )}
          </Field>
          <Field label={texts.status}>
            {attributes => (
              <select
                {...attributes}
                value={now.status}
                onChange={event =>
                  setChange({ ...change, status: event.currentTarget.value as (typeof statuses)[number] })
                }
              >
                {statuses.map(status => (
                  <option key={status} value={status}>
                    {texts[status]}
                  </option>
                ))}
              </select>
            )}
          </Field>
        </div>
        {errors.form && (
          <p class="note error" role="alert">
            {errors.form}
          </p>
        )}
        <div class="choices">
          <button type="button" class="link aside" onClick={() => account.showDialog({ name: 'account' })}>
            {texts.account}
          </button>
          <button type="button" onClick={() => account.showDialog(null)}>
            {texts.cancel}
          </button>
          <button type="submit" class="primary" disabled={busy}>
            {texts.save}
          </button>
        </div>
      </form>
    </Dialog>
  )
}
