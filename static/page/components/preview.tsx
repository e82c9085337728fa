import { useEffect, useState } from 'preact/hooks'
import type { Message } from '../../../schemas/message.js'
import type { Room } from '../../../schemas/room.js'
import type { Translation } from '../i18n/index.js'
import { DisplayName } from './avatar.js'
import { useAccount, useOwnTexts } from './hooks.js'
import { MessageText } from './message-text.js'
import { Time } from './time.js'

const en = { title: 'Recent messages' }
const ko: Translation<typeof en> = { title: '최근 메시지' }

/** The newest messages of a room that the user may join; nothing if there are none or the server shows none. */
export function Preview({ room }: { room: Room }) {
  const account = useAccount()
  const own = useOwnTexts({ en, ko })
  const [messages, setMessages] = useState<readonly Message[]>([])
  useEffect(() => {
    let shown = true
    account.http.preview(room.id).then(
      found => shown && setMessages(found.messages.filter(({ deleted_at }) => deleted_at === undefined)),
      // A banned user, or one who was just put out: the form to join says so.
      () => {},
    )
    return () => {
      shown = false
    }
  }, [room.id])
  return messages.length === 0 ? null : (
    <section class="preview" aria-label={own.title}>
      <h3 class="group-head">{own.title}</h3>
      <ol>
        {messages.map(({ id, username, created_at, text }) => (
          <li key={id}>
            <DisplayName username={username} /> <Time time={created_at} />
            <MessageText text={text} />
          </li>
        ))}
      </ol>
    </section>
  )
}
