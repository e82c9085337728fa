import { useState } from 'preact/hooks'
import { limits } from '../../../schemas/wire.js'
import { ApiError } from '../../client/index.js'
import { describeError, type Translation } from '../i18n/index.js'
import { openDirect } from '../state/direct-actions.js'
import { displayName } from '../state/people.js'
import { foundPeople } from '../text/switcher.js'
import { validate } from '../text/validate.js'
import { AvatarOf, DisplayName, Username } from './avatar.js'
import { Dialog } from './dialog.js'
import { Field } from './field.js'
import { useAccount, useAccountState, useApp, useOwnTexts, useTexts } from './hooks.js'
import { Icon } from './icon.js'

const en = {
  title: 'New message',
  to: 'To',
  hint: 'Name or username. Add several people for a group conversation.',
  chosen: 'Chosen people',
  found: 'People found',
  remove: (name: string) => `Remove ${name}`,
  start: 'Start conversation',
  too_many: 'A conversation can have up to 10 people.',
}
const ko: Translation<typeof en> = {
  title: '새 메시지',
  to: '받는 사람',
  hint: '이름이나 아이디를 입력하세요. 여러 명을 추가하면 그룹 대화가 돼요.',
  chosen: '선택한 사람',
  found: '찾은 사람',
  remove: (name: string) => `${name} 제외`,
  start: '대화 시작',
  too_many: '최대 10명까지 대화할 수 있어요.',
}

/** Chooses one or several users, and opens the conversation with them. Enter takes the first one found. */
export function NewDirect() {
  const { router } = useApp()
  const account = useAccount()
  const texts = useTexts()
  const own = useOwnTexts({ en, ko })
  const me = useAccountState('me', me => me.username)
  const people = useAccountState('people')
  const [query, setQuery] = useState('')
  const [chosen, setChosen] = useState<readonly string[]>([])
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<string | null>(null)
  const known = [...people.values()].filter(person => !person.is_deleted && !chosen.includes(person.username))
  const found = foundPeople(known, query, me)
  const typed = query.trim().replace(/^@/, '')
  /** A username that the page has not seen yet may exist all the same. */
  const first = found[0]?.username ?? (typed !== '' && !validate.username(typed) ? typed : undefined)

  function add(username: string | undefined) {
    if (username === undefined) return
    if (chosen.length >= limits.DIRECT_MAX - 1) return setError(own.too_many)
    setChosen(now => (now.includes(username) ? now : [...now, username]))
    setQuery('')
    setError(null)
  }
  async function submit(event: Event) {
    event.preventDefault()
    if (typed !== '') return first === undefined ? setError(texts.errors.USER_NOT_FOUND) : add(first)
    if (chosen.length === 0 || busy) return
    setBusy(true)
    setError(null)
    try {
      await openDirect(account, router, [...chosen])
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      setError(describeError(texts, error))
      setBusy(false)
    }
  }

  return (
    <Dialog title={own.title} class="new-direct">
      <form onSubmit={submit} noValidate>
        {chosen.length > 0 && (
          <ul class="chips" aria-label={own.chosen}>
            {chosen.map(username => (
              <li key={username}>
                <button
                  type="button"
                  class="chip"
                  aria-label={own.remove(displayName(people, username))}
                  onClick={() => setChosen(chosen.filter(name => name !== username))}
                >
                  <DisplayName username={username} />
                  <Icon name="close" small />
                </button>
              </li>
            ))}
          </ul>
        )}
        <Field label={own.to} error={error} hint={own.hint}>
          {attributes => (
            <input
              {...attributes}
              autocomplete="off"
              autocapitalize="none"
              value={query}
              onInput={event => setQuery(event.currentTarget.value)}
              onKeyDown={event => {
                if (event.key === 'Backspace' && query === '') setChosen(chosen.slice(0, -1))
              }}
            />
          )}
        </Field>
        <ul class="found-people" aria-label={own.found}>
          {found.map(({ username, display_name, avatar_color }) => (
            <li key={username}>
              <button type="button" class="member" onClick={() => add(username)}>
                <AvatarOf name={display_name || username} color={avatar_color} />
                <span class="member-name">
                  <DisplayName username={username} /> <Username username={username} />
                </span>
              </button>
            </li>
          ))}
        </ul>
        <div class="choices">
          <button type="button" onClick={() => account.showDialog(null)}>
            {texts.cancel}
          </button>
          <button type="submit" class="primary" disabled={busy || (chosen.length === 0 && typed === '')}>
            {typed !== '' ? texts.add : own.start}
          </button>
        </div>
      </form>
    </Dialog>
  )
}
