import { useState } from 'preact/hooks'
import type { Room } from '../../../schemas/room.js'
import { limits } from '../../../schemas/wire.js'
import { ApiError } from '../../client/index.js'
import { describeError, type Translation } from '../i18n/index.js'
import { roomFormTexts } from '../text/room-form.js'
import { validate } from '../text/validate.js'
import { Dialog } from './dialog.js'
import { Field } from './field.js'
import { useAccount, useOwnTexts, useTexts } from './hooks.js'
import { Icon, type IconName } from './icon.js'
import { KeepMessages } from './keep-messages.js'
import { SlowModeField } from './slow-mode-field.js'

const en = {
  read_counts: 'Show how many members haven’t read a message (up to 100 members)',
  preview: 'People can read recent messages before they join',
}
const ko: Translation<typeof en> = {
  read_counts: '메시지를 안 읽은 사람 수 표시하기 (100명까지)',
  preview: '참여하기 전에 최근 메시지를 볼 수 있게 하기',
}

export function CreateRoom() {
  const account = useAccount()
  const texts = useTexts()
  return (
    <RoomForm
      title={texts.create_room}
      action={texts.create}
      submit={({
        description,
        password,
        without_password: _,
        slow_mode_s: __,
        preview: ___,
        retention_h: ____,
        read_counts: _____,
        ...settings
      }) =>
        account.createRoom({
          ...settings,
          ...(description !== '' && { description }),
          ...(password !== '' && { password }),
        })
      }
    />
  )
}

/** The settings of a room, for its owner. */
export function RoomSettings({ room }: { room: Room }) {
  const account = useAccount()
  const texts = useTexts()
  return (
    <RoomForm
      title={texts.room_settings}
      action={texts.save}
      room={room}
      submit={async ({ password, without_password, ...settings }) => {
        const { dialog } = account.store.state
        const { name, description, slow_mode_s, preview, read_counts, ...more } = settings
        await account.http.changeRoom(room.id, {
          // Of the default room, nothing else can be changed.
          ...{ name, description, slow_mode_s, read_counts },
          ...(!room.is_default && more),
          // With a password, the room has no preview, whatever the setting is.
          ...(more.is_public && !room.has_password && preview !== room.has_preview && { preview }),
          ...(password !== '' && { password }),
          ...(without_password && { password: null }),
        })
        await account.rooms.refresh(room.id)
        account.finishDialog(dialog)
      }}
    />
  )
}

interface Values {
  name: string
  description: string
  is_public: boolean
  max_members: number
  slow_mode_s: number
  preview: boolean
  read_counts: boolean
  /** Empty: none, or as it is. */
  password: string
  without_password: boolean
  retention_h: number
}

interface FormProps {
  title: string
  action: string
  /** The room that is changed; a new one without it. */
  room?: Room
  submit: (values: Values) => Promise<void>
}

function RoomForm({ title, action, room, submit: save }: FormProps) {
  const account = useAccount()
  const texts = useTexts()
  const form = useOwnTexts(roomFormTexts)
  const [name, setName] = useState(room?.name ?? '')
  const [description, setDescription] = useState(room?.description ?? '')
  const [is_public, setPublic] = useState(room?.is_public ?? true)
  const [password, setPassword] = useState('')
  const [without_password, setWithoutPassword] = useState(false)
  const own = useOwnTexts({ en, ko })
  const [preview, setPreview] = useState(!room?.is_public || room.has_password || room.has_preview)
  const [slow_mode_s, setSlowMode] = useState(room?.slow_mode_s ?? 0)
  const [read_counts, setReadCounts] = useState(room?.read_counts ?? true)
  const [size, setSize] = useState(room?.max_members ? String(room.max_members) : '')
  const [retention_h, setRetention] = useState(room?.retention_h ?? 0)
  const [busy, setBusy] = useState(false)
  const [errors, setErrors] = useState<{ name?: string; password?: string; form?: string }>({})

  async function submit(event: Event) {
    event.preventDefault()
    const wrong = validate.room_name(name)
    if (wrong) return setErrors({ name: texts[wrong] })
    setErrors({})
    setBusy(true)
    try {
      const max_members = Math.min(limits.ROOM_MEMBERS_MAX, Math.max(0, Math.trunc(Number(size)) || 0))
      const kept = { slow_mode_s, preview, read_counts, retention_h }
      await save({ name, description, is_public, max_members, ...kept, password, without_password })
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
    <Dialog title={title}>
      <form onSubmit={submit} noValidate>
        <Field label={form.room_name} error={errors.name}>
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
        {!room?.is_default && (
          <fieldset class="ways">
            <legend class="hidden">{form.room_visibility}</legend>
            <Way
              icon="browse"
              name={texts.public_room}
              hint={form.room_public}
              chosen={is_public}
              choose={() => setPublic(true)}
            />
            <Way
              icon="lock"
              name={texts.private_room}
              hint={form.room_private}
              chosen={!is_public}
              choose={() => setPublic(false)}
            />
          </fieldset>
        )}
        <details class="more-settings" open={room !== undefined}>
          <summary>
            <Icon name="fold" small />
            {form.more_settings}
          </summary>
          <Field label={form.room_description}>
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
          {!room?.is_default && (
            <>
              <Field
                label={room?.has_password ? form.new_room_password : form.room_password}
                hint={form.room_password_hint}
                error={errors.password}
              >
                {attributes => (
                  <input
                    {...attributes}
                    type="password"
                    autocomplete="new-password"
                    disabled={without_password}
                    value={password}
                    onInput={event => setPassword(event.currentTarget.value)}
                  />
                )}
              </Field>
              {room?.has_password && (
                <label class="check">
                  <input
                    type="checkbox"
                    checked={without_password}
                    onChange={event => setWithoutPassword(event.currentTarget.checked)}
                  />
                  {form.remove_room_password}
                </label>
              )}
              <Field label={form.room_size}>
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
            </>
          )}
          {room && !room.is_default && !room.has_password && is_public && (
            <label class="check">
              <input type="checkbox" checked={preview} onChange={event => setPreview(event.currentTarget.checked)} />
              {own.preview}
            </label>
          )}
          {room && (
            <label class="check">
              <input
                type="checkbox"
                checked={read_counts}
                onChange={event => setReadCounts(event.currentTarget.checked)}
              />
              {own.read_counts}
            </label>
          )}
          {room && <SlowModeField seconds={slow_mode_s} present={room.slow_mode_s} choose={setSlowMode} />}
          {room && <KeepMessages hours={retention_h} choose={setRetention} />}
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
            {action}
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
