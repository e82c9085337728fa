import { useState } from 'preact/hooks'
import { limits } from '../../../schemas/wire.js'
import { ApiError } from '../../client/index.js'
import { describeError } from '../i18n/index.js'
import { validate } from '../text/validate.js'
import { Dialog } from './dialog.js'
import { Field } from './field.js'
import { useAccount, useTexts } from './hooks.js'
import { Icon, type IconName } from './icon.js'

export function CreateRoom() {
  const account = useAccount()
  const texts = useTexts()
  const [name, setName] = useState('')
  const [description, setDescription] = useState('')
  const [is_public, setPublic] = useState(true)
  const [password, setPassword] = useState('')
  const [size, setSize] = useState('')
  const [busy, setBusy] = useState(false)
  const [errors, setErrors] = useState<{ name?: string; password?: string; form?: string }>({})

  async function submit(event: Event) {
    event.preventDefault()
    const wrong = validate.room_name(name)
    if (wrong) return setErrors({ name: texts[wrong] })
    setErrors({})
    setBusy(true)
    try {
      await account.createRoom({
        name,
        is_public,
        ...(description !== '' && { description }),
        ...(password !== '' && { password }),
        max_members: Math.min(limits.ROOM_MEMBERS_MAX, Math.max(0, Math.trunc(Number(size)) || 0)),
      })
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      const told = describeError(texts, error)
      if (error.code === 'ROOM_NAME_TAKEN') setErrors({ name: told })
      else if (error.code === 'PASSWORD_TOO_LONG') setErrors({ password: told })
      else setErrors({ form: told })
      setBusy(false)
    }
  }

  return (
    <Dialog title={texts.create_room}>
      <form onSubmit={submit} noValidate>
        <Field label={texts.room_name} error={errors.name}>
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
        <fieldset class="ways">
          <legend class="hidden">{texts.room_visibility}</legend>
          <Way
            icon="browse"
            name={texts.public_room}
            hint={texts.room_public}
            chosen={is_public}
            choose={() => setPublic(true)}
          />
          <Way
            icon="lock"
            name={texts.private_room}
            hint={texts.room_private}
            chosen={!is_public}
            choose={() => setPublic(false)}
          />
        </fieldset>
        <details class="more-settings">
          <summary>
            <Icon name="fold" small />
            {texts.more_settings}
          </summary>
          <Field label={texts.room_description}>
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
          <Field label={texts.room_password} hint={texts.room_password_hint} error={errors.password}>
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
          <Field label={texts.room_size}>
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
        </details>
        {errors.form && (
          <p class="note error" role="alert">
            {errors.form}
          </p>
        )}
        <div class="choices">
          <button type="button" onClick={() => account.showDialog(null)}>
            {texts.cancel}
          </button>
          <button type="submit" class="primary" disabled={busy}>
            {texts.create}
          </button>
        </div>
      </form>
    </Dialog>
  )
}

interface WayProps {
  icon: IconName
  name: string
  hint: string
  chosen: boolean
  choose: () => void
}

function Way({ icon, name, hint, chosen, choose }: WayProps) {
  return (
    <label class="way">
      <Icon name={icon} small />
      <b>{name}</b>
      <input type="radio" name="visibility" checked={chosen} onChange={choose} />
      <span>{hint}</span>
    </label>
  )
}
