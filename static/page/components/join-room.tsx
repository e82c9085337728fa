import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import type { Room } from '../../../schemas/room.js'
import { ApiError } from '../../client/index.js'
import type { Translation } from '../i18n/index.js'
import { describeError } from '../i18n/index.js'
import type { ConversationView } from '../state/state.js'
import { RoomTile } from './avatar.js'
import { Field } from './field.js'
import { useAccount, useOwnTexts, useTexts } from './hooks.js'
import { lazy } from './lazy.js'
import { RoomEnded } from './room-ended.js'
import { hasTextFocus } from './text-focus.js'

const en = {
  join_hint: 'Join this room to read and send messages.',
  join_password: 'This room requires a password.',
  room_not_found: 'This room doesn’t exist, or you don’t have access to it.',
  room_not_found_hint: 'If you have its password, you can join.',
}
const ko: Translation<typeof en> = {
  join_hint: '참여하면 메시지를 읽고 보낼 수 있어요.',
  join_password: '비밀번호가 필요한 채팅방이에요.',
  room_not_found: '채팅방이 없거나 접근 권한이 없어요.',
  room_not_found_hint: '비밀번호를 알고 있다면 참여할 수 있어요.',
}

const Preview = lazy(() => import('./preview.js').then(script => script.Preview))

/** Shown in place of a room that the user is not a member of: a form to join it, or the reason why not. */
export function JoinRoom({ view, room }: { view: ConversationView; room: Room | undefined }) {
  const account = useAccount()
  const texts = useTexts()
  const own = useOwnTexts({ en, ko })
  const [password, setPassword] = useState('')
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<string | null>(null)
  const { ended } = view
  const asks = room ? room.has_password : ended === null
  const can_join = room !== undefined || ended === null
  const field = useRef<HTMLInputElement>(null)
  useLayoutEffect(() => {
    // On a phone the keyboard would cover what the room is about.
    if (!hasTextFocus() && matchMedia('(pointer: fine)').matches) field.current?.focus()
  }, [])

  async function submit(event: Event) {
    event.preventDefault()
    if (asks && password === '') {
      setError(texts.required)
      return field.current?.focus()
    }
    setError(null)
    setBusy(true)
    try {
      await account.joinRoom(view.room_id, asks ? password : undefined)
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      setError(describeError(texts, error))
    }
    setBusy(false)
  }

  if (view.status === 'failed') {
    return (
      <div class="door join-room">
        <p>{texts.server_unreachable}</p>
        <button type="button" class="primary big" onClick={() => account.conversations.reopen(view.room_id)}>
          {texts.retry}
        </button>
      </div>
    )
  }
  return (
    <form class="door join-room" onSubmit={submit} noValidate>
      {(room || ended) && <RoomTile id={view.room_id} name={room?.name ?? ended?.name ?? ''} />}
      {ended ? (
        <RoomEnded ended={ended} view={view} />
      ) : (
        <>
          {room && <h2 dir="auto">{room.name}</h2>}
          {room && room.description !== '' && <p dir="auto">{room.description}</p>}
          <p>
            {room ? own.join_hint : `${own.room_not_found} ${own.room_not_found_hint}`}
            {room?.has_password && ` ${own.join_password}`}
          </p>
        </>
      )}
      {asks && (
        <Field label={texts.password} error={error}>
          {attributes => (
            <input
              {...attributes}
              ref={field}
              type="password"
              autocomplete="off"
              value={password}
              onInput={event => setPassword(event.currentTarget.value)}
            />
          )}
        </Field>
      )}
      {!asks && error && (
        <p class="note error" role="alert">
          {error}
        </p>
      )}
      {can_join && (
        <button type="submit" class="primary big" disabled={busy}>
          {texts.join}
        </button>
      )}
      {room?.has_preview && !ended && <Preview room={room} />}
    </form>
  )
}
