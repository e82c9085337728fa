import { useState } from 'preact/hooks'
import { limits } from '../../../schemas/wire.js'
import { ApiError } from '../../client/index.js'
import { checks } from '../text/check.js'
import { explain } from '../words/index.js'
import { Field } from './field.js'
import { useApp, useWords } from './use.js'
import { Window } from './window.js'

export function CreateRoom() {
  const app = useApp()
  const words = useWords()
  const [name, setName] = useState('')
  const [description, setDescription] = useState('')
  const [is_public, setPublic] = useState(true)
  const [password, setPassword] = useState('')
  const [size, setSize] = useState('')
  const [busy, setBusy] = useState(false)
  const [errors, setErrors] = useState<{ name?: string; password?: string; form?: string }>({})

  async function submit(event: Event) {
    event.preventDefault()
    const wrong = checks.room_name(name)
    if (wrong) return setErrors({ name: words[wrong] })
    setErrors({})
    setBusy(true)
    try {
      await app.createRoom({
        name,
        is_public,
        ...(description !== '' && { description }),
        ...(password !== '' && { password }),
        max_members: Math.min(limits.ROOM_MEMBERS_MAX, Math.max(0, Math.trunc(Number(size)) || 0)),
      })
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      const told = explain(words, error)
      if (error.code === 'ROOM_NAME_TAKEN') setErrors({ name: told })
      else if (error.code === 'PASSWORD_TOO_LONG') setErrors({ password: told })
      else setErrors({ form: told })
      setBusy(false)
    }
  }

  return (
    <Window title={words.create_room}>
      <form onSubmit={submit} noValidate>
        <Field label={words.room_name} error={errors.name}>
          {attributes => (
            <input
              {...attributes}
              name="room_name"
              autocomplete="off"
              value={name}
              onInput={event => setName(event.currentTarget.value)}
            />
          )}
        </Field>
        <Field label={words.room_description}>
          {attributes => (
            <input
              {...attributes}
              name="description"
              autocomplete="off"
              maxLength={limits.ROOM_DESCRIPTION_MAX}
              value={description}
              onInput={event => setDescription(event.currentTarget.value)}
            />
          )}
        </Field>
        <label class="check">
          <input type="checkbox" checked={is_public} onChange={event => setPublic(event.currentTarget.checked)} />
          {words.room_public}
        </label>
        <Field label={words.room_password} hint={words.room_password_hint} error={errors.password}>
          {attributes => (
            <input
              {...attributes}
              type="password"
              autocomplete="new-password"
              value={password}
              onInput={event => setPassword(event.currentTarget.value)}
            />
          )}
        </Field>
        <Field label={words.room_size}>
          {attributes => (
            <input
              {...attributes}
              type="number"
              inputMode="numeric"
              min={1}
              max={limits.ROOM_MEMBERS_MAX}
              value={size}
              onInput={event => setSize(event.currentTarget.value)}
            />
          )}
        </Field>
        {errors.form && (
          <p class="note error" role="alert">
            {errors.form}
          </p>
        )}
        <button type="submit" class="primary" disabled={busy || name === ''}>
          {words.create}
        </button>
      </form>
    </Window>
  )
}
