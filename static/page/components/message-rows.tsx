import { useMemo } from 'preact/hooks'
import type { Message } from '../../../schemas/message.js'
import { layOut } from '../text/layout.js'
import { memo, useAppState, useTexts } from './hooks.js'
import { MessageRow } from './message-row.js'
import { dayName, localDay } from './time.js'

interface Props {
  messages: readonly Message[]
  unread_after: number
  me: string
  /** The message that is being edited, null for none. */
  editing: number | null
  /** The message that the Tab key reaches. */
  active: number | null
}

/** The messages with the lines between them. It is memoized: other changes in a busy room do not draw it again. */
export const MessageRows = memo(function MessageRows({ messages, unread_after, me, editing, active }: Props) {
  const texts = useTexts()
  const language = useAppState('language')
  const lines = useMemo(() => layOut(messages, { day: localDay, unread_after, me }), [messages, unread_after, me])
  const by_id = useMemo(() => new Map(messages.map(message => [message.id, message])), [messages])
  return (
    <>
      {lines.map(line =>
        line.kind === 'day' ? (
          <h3 key={line.key} class="day">
            <span>{dayName(line.time, language, texts)}</span>
          </h3>
        ) : line.kind === 'unread' ? (
          <p key={line.key} class="unread-line">
            <span class="new">{texts.new_messages}</span>
          </p>
        ) : (
          <MessageRow
            key={line.key}
            message={line.message}
            starts_group={line.starts_group}
            quoted={line.message.reply_to === undefined ? undefined : by_id.get(line.message.reply_to)}
            own={line.message.username === me}
            editing={editing === line.message.id}
            active={active === line.message.id}
          />
        ),
      )}
    </>
  )
})
