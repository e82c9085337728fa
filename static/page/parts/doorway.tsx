import { useState } from 'preact/hooks'
import type { Room } from '../../../schemas/room.js'
import { ApiError } from '../../client/index.js'
import type { Talk } from '../state/state.js'
import { explain } from '../words/index.js'
import { Field } from './field.js'
import { useApp, useWords } from './use.js'

/** A room that one is not in: joining it, or why not. */
export function Doorway({ talk, room }: { talk: Talk; room: Room | undefined }) {
  const app = useApp()
  const words = useWords()
  const [password, setPassword] = useState('')
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<string | null>(null)
  const asks = room ? room.has_password : true

  async function submit(event: Event) {
    event.preventDefault()
    setError(null)
    setBusy(true)
    try {
      await app.join(talk.room_id, asks ? password : undefined)
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      setError(explain(words, error))
    }
    setBusy(false)
  }

  if (talk.standing === 'failed') {
    return (
      <div class="doorway">
        <p>{words.server_unreachable}</p>
        <button type="button" class="primary" onClick={() => app.again(talk.room_id)}>
          {words.retry}
        </button>
      </div>
    )
  }
  return (
    <form class="doorway" onSubmit={submit} noValidate>
      {room && <h2 dir="auto">{room.name}</h2>}
      {room && room.description !== '' && <p dir="auto">{room.description}</p>}
      <p>
        {talk.standing === 'left' ? words.room_left : room ? words.join_hint : words.room_not_found}
        {!room && ` ${words.room_not_found_hint}`}
        {room?.has_password && ` ${words.join_password}`}
      </p>
      {asks && (
        <Field label={words.password} error={error}>
          {attributes => (
            <input
              {...attributes}
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
      <button type="submit" class="primary" disabled={busy || (asks && password === '')}>
        {words.join}
      </button>
    </form>
  )
}
