import { useEffect, useState } from 'preact/hooks'
import type { Message } from '../../../schemas/message.js'
import type { Translation } from '../i18n/index.js'
import { displayName } from '../state/people.js'
import { Avatar, DisplayName } from './avatar.js'
import { Dialog } from './dialog.js'
import { useAccount, useAccountState, useApp, useOwnTexts, useTexts } from './hooks.js'
import { Mentioned } from './mentioned.js'
import { DayAndTime } from './time.js'

const en = {
  nothing: 'No one has mentioned you yet.',
  hint: 'When someone writes your @username or @all, you’ll find the message here.',
  older: 'Show older mentions',
  unread: 'New',
}
const ko: Translation<typeof en> = {
  nothing: '아직 나를 멘션한 메시지가 없어요.',
  hint: '누군가 @내아이디나 @all로 나를 부르면 여기에 모여요.',
  older: '이전 멘션 더 보기',
  unread: '새 멘션',
}

/** Messages that mention the user, newest first, of all rooms; a click goes to one. */
export function MentionsList() {
  const { router } = useApp()
  const account = useAccount()
  const texts = useTexts()
  const own = useOwnTexts({ en, ko })
  const rooms = useAccountState('rooms')
  const people = useAccountState('people')
  const me = useAccountState('me', me => me.username)
  const [found, setFound] = useState<readonly Message[] | null>(null)
  const [next, setNext] = useState<string | undefined>()

  async function load(before?: string) {
    const page = await account.attempt(account.http.mentions(before === undefined ? {} : { before }))
    if (!page) return
    // The list may not have a room yet: the user is in more rooms than it holds.
    const { rooms } = account.store.state
    const unknown = new Set(page.messages.map(({ room_id }) => room_id).filter(id => !rooms.has(id)))
    for (const id of unknown) account.attempt(account.rooms.find(id))
    setFound(known => [...(before === undefined ? [] : (known ?? [])), ...page.messages])
    setNext(page.next_before)
  }
  useEffect(() => {
    load()
  }, [])

  function nameOf(room_id: string): string {
    const room = rooms.get(room_id)
    const others = room?.usernames?.filter(name => name !== me) ?? []
    return room?.name || others.map(name => displayName(people, name)).join(', ')
  }
  const isUnread = ({ room_id, id }: Message) => id > (rooms.get(room_id)?.last_read_seq ?? id)

  return (
    <Dialog title={texts.mentions} class="mentions-list">
      {found?.length === 0 && next === undefined && (
        <p class="empty">
          <b>{own.nothing}</b>
          {own.hint}
        </p>
      )}
      <ul class="hits scrolls">
        {found?.map(message => (
          <li key={`${message.room_id} ${message.id}`}>
            <a
              class="hit"
              href={`/r/${message.room_id}/${message.id}`}
              onClick={event => {
                event.preventDefault()
                account.showDialog(null)
                router.go({ room_id: message.room_id, message: message.id })
              }}
            >
              <Avatar username={message.username} />
              <span class="hit-head">
                <DisplayName username={message.username} />
                <bdi class="hit-room">{nameOf(message.room_id)}</bdi>
                {isUnread(message) && <span class="badge mention">{own.unread}</span>}
                <DayAndTime time={message.created_at} />
              </span>
              <span class="hit-text" dir="auto">
                <Mentioned text={message.text} by={message} plain />
              </span>
            </a>
          </li>
        ))}
      </ul>
      {next !== undefined && (
        <button type="button" class="link" onClick={() => load(next)}>
          {own.older}
        </button>
      )}
    </Dialog>
  )
}
