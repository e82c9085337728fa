import { useEffect, useState } from 'preact/hooks'
import type { Profile, ProfileChange } from '../../../schemas/user.js'
import { limits } from '../../../schemas/wire.js'
import { ApiError } from '../../client/index.js'
import { checks } from '../text/check.js'
import { explain } from '../words/index.js'
import { Avatar, PersonName } from './avatar.js'
import { Field } from './field.js'
import { useApp, useSelected, useWords } from './use.js'
import { Window } from './window.js'

/** Somebody's card. */
export function ProfileCard({ username }: { username: string }) {
  const app = useApp()
  const words = useWords()
  const [profile, setProfile] = useState<Profile | null>(null)
  const [error, setError] = useState<ApiError | null>(null)
  useEffect(() => {
    app.http.profile(username).then(read => {
      app.meet([read])
      setProfile(read)
    }, setError)
  }, [app, username])
  return (
    <Window title={words.profile}>
      <div class="card">
        <Avatar username={username} online={profile?.online} />
        <h3>
          <PersonName username={username} />
        </h3>
        {!profile && <p class="note">{error ? explain(words, error) : words.loading}</p>}
        {profile && (
          <>
            <p class="note">{profile.online ? `${words.online} · ${words[profile.status]}` : words.offline}</p>
            {profile.bio !== '' && (
              <p class="bio" dir="auto">
                {profile.bio}
              </p>
            )}
          </>
        )}
      </div>
    </Window>
  )
}

const statuses = ['available', 'busy', 'away'] as const

/** One's own, to be changed. */
export function OwnProfile() {
  const app = useApp()
  const words = useWords()
  const me = useSelected('me')
  const [change, setChange] = useState<ProfileChange>({})
  const [busy, setBusy] = useState(false)
  const [errors, setErrors] = useState<{ display_name?: string; form?: string }>({})
  if (!me) return null
  const now = { ...me, ...change }

  async function submit(event: Event) {
    event.preventDefault()
    if (Object.keys(change).length === 0) return app.dialog(null)
    const wrong = change.display_name !== undefined && checks.display_name(change.display_name)
    if (wrong) return setErrors({ display_name: words[wrong] })
    setErrors({})
    setBusy(true)
    try {
      await app.changeProfile(change)
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      setErrors({ form: explain(words, error) })
      setBusy(false)
    }
  }

  return (
    <Window title={words.your_profile}>
      <form onSubmit={submit} noValidate>
        <Field label={words.display_name} error={errors.display_name} hint={`@${me.username}`}>
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
        <Field label={words.bio}>
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
        <div class="pair">
          <Field label={words.avatar_color}>
            {attributes => (
              <input
                {...attributes}
                type="color"
                value={now.avatar_color}
                onInput={event => setChange({ ...change, avatar_color: event.currentTarget.value })}
              />
            )}
          </Field>
          <Field label={words.status}>
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
                    {words[status]}
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
        <button type="submit" class="primary" disabled={busy}>
          {words.save}
        </button>
      </form>
    </Window>
  )
}
