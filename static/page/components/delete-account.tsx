import { useState } from 'preact/hooks'
import { type MessagesOfDeleted, messagesOfDeleted } from '../../../schemas/user.js'
import { ApiError } from '../../client/index.js'
import { describeError, type Translation } from '../i18n/index.js'
import { Field } from './field.js'
import { useAccountState, useApp, useOwnTexts, useTexts } from './hooks.js'

const en = {
  title: 'Delete account',
  begin: 'Delete account…',
  what: 'Your profile is erased and you leave all rooms. Rooms you own get another owner. You can’t undo this.',
  name: (username: string) => `Nobody can use the name ${username} again. What others wrote about you stays.`,
  messages: 'Your messages',
  keep: 'Keep them',
  keep_hint: 'They show “Deleted account” instead of your name.',
  delete: 'Delete them',
  delete_hint: 'Nobody can read them anymore.',
  password: 'Your password',
  wrong: 'The password is incorrect.',
  last_admin: 'You’re the only administrator. Make someone else an administrator first.',
  confirm: 'Delete account for good',
}
const ko: Translation<typeof en> = {
  title: '회원 탈퇴',
  begin: '회원 탈퇴…',
  what: '프로필이 삭제되고 모든 채팅방에서 나가요. 내가 방장인 채팅방은 다른 사람이 방장이 돼요. 되돌릴 수 없어요.',
  name: username => `‘${username}’ 아이디는 누구도 다시 쓸 수 없어요. 다른 사람이 나에 대해 쓴 글은 남아요.`,
  messages: '내가 쓴 메시지',
  keep: '남기기',
  keep_hint: '이름 대신 ‘탈퇴한 계정’으로 보여요.',
  delete: '모두 삭제',
  delete_hint: '아무도 볼 수 없게 돼요.',
  password: '비밀번호',
  wrong: '비밀번호가 맞지 않아요.',
  last_admin: '관리자가 나뿐이에요. 먼저 다른 사용자를 관리자로 지정해 주세요.',
  confirm: '탈퇴하기',
}

/** Deletes the user's account, in two steps. */
export function DeleteAccount() {
  const own = useOwnTexts({ en, ko })
  const [begun, setBegun] = useState(false)
  return (
    <section>
      <h3>{own.title}</h3>
      {begun ? (
        <Form cancel={() => setBegun(false)} />
      ) : (
        <div class="with-note">
          <p class="note">{own.what}</p>
          <button type="button" class="danger" onClick={() => setBegun(true)}>
            {own.begin}
          </button>
        </div>
      )}
    </section>
  )
}

function Form({ cancel }: { cancel: () => void }) {
  const { session } = useApp()
  const me = useAccountState('me', ({ username }) => username)
  const texts = useTexts()
  const own = useOwnTexts({ en, ko })
  const [messages, setMessages] = useState<MessagesOfDeleted>('keep')
  const [password, setPassword] = useState('')
  const [error, setError] = useState<string | null>(null)
  const [busy, setBusy] = useState(false)

  async function submit(event: Event) {
    event.preventDefault()
    if (busy) return
    if (password === '') return setError(texts.required)
    setError(null)
    setBusy(true)
    try {
      await session.deleteAccount({ password, messages })
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      if (error.code === 'PASSWORD_WRONG') setError(own.wrong)
      else setError(error.code === 'LAST_ADMINISTRATOR' ? own.last_admin : describeError(texts, error))
      setBusy(false)
    }
  }

  return (
    <form onSubmit={submit} noValidate>
      <p class="note">
        {own.what} {own.name(me)}
      </p>
      <fieldset class="ways">
        <legend>{own.messages}</legend>
        {messagesOfDeleted.map(choice => (
          <label key={choice} class="way">
            <b>{own[choice]}</b>
            <input type="radio" name="messages" checked={messages === choice} onChange={() => setMessages(choice)} />
            <span>{own[`${choice}_hint`]}</span>
          </label>
        ))}
      </fieldset>
      <Field label={own.password} error={error}>
        {attributes => (
          <input
            {...attributes}
            type="password"
            autocomplete="current-password"
            value={password}
            onInput={event => setPassword(event.currentTarget.value)}
          />
        )}
      </Field>
      <div class="choices">
        <button type="button" onClick={cancel}>
          {texts.cancel}
        </button>
        <button type="submit" class="primary danger" disabled={busy}>
          {own.confirm}
        </button>
      </div>
    </form>
  )
}
