import { useMemo, useRef } from 'preact/hooks'
import type { Note } from '../../../schemas/log-entry.js'
import type { Message } from '../../../schemas/message.js'
import type { OutgoingMessage } from '../state/outgoing-message.js'
import { groupStarts, layOut } from '../text/layout.js'
import { memo, useAppState, useTexts } from './hooks.js'
import { lazy } from './lazy.js'
import { MessageRow } from './message-row.js'
import { OutgoingMessageRow } from './outgoing-message.js'
import { dayName, localDay, useToday } from './time.js'

const NoteLine = lazy(() => import('./note-line.js').then(script => script.NoteLine))

interface Props {
  messages: readonly Message[]
  notes: readonly Note[]
  /** The messages reach the beginning of the room, and its end. */
  from_start: boolean
  to_end: boolean
  outgoing: readonly OutgoingMessage[]
  /** Those that replies quote and that are not among the messages. */
  quotes: ReadonlyMap<number, Message>
  unread_after: number
  me: string
  /** The message that is being edited, null for none. */
  editing: number | null
  /** The message that the Tab key reaches. */
  active: number | null
}

/** The messages with the lines between them. It is memoized: other changes in a busy room do not draw it again. */
export const MessageRows = memo(function MessageRows(props: Props) {
  const { messages, notes, from_start, to_end, outgoing, quotes, unread_after, me, editing, active } = props
  const texts = useTexts()
  useToday()
  const language = useAppState('language')
  const shown = useRef<ReadonlyMap<string, boolean>>(new Map())
  const lines = useMemo(() => {
    const whole = { start: from_start, end: to_end }
    const lines = layOut(messages, { day: localDay, unread_after, me, outgoing, notes, whole, shown: shown.current })
    shown.current = groupStarts(lines)
    return lines
  }, [messages, notes, from_start, to_end, outgoing, unread_after, me])
  const by_id = useMemo(() => new Map(messages.map(message => [message.id, message])), [messages])
  const quoted = ({ reply_to }: { reply_to?: number | undefined }) =>
    reply_to === undefined ? undefined : (by_id.get(reply_to) ?? quotes.get(reply_to))
  return (
    <>
      {lines.map(line =>
        line.kind === 'day' ? (
          <Separator key={line.key} class="day" label={dayName(line.time, language, texts)} />
        ) : line.kind === 'unread' ? (
          <Separator key={line.key} class="unread-line" label={texts.new_messages} />
        ) : line.kind === 'notes' ? (
          <p key={line.key} class="note-line">
            <NoteLine notes={line.notes} />
          </p>
        ) : line.kind === 'outgoing' ? (
          <OutgoingMessageRow
            key={line.key}
            one={line.one}
            me={me}
            starts_group={line.starts_group}
            quoted={quoted(line.one)}
          />
        ) : (
          <MessageRow
            key={line.key}
            message={line.message}
            starts_group={line.starts_group}
            quoted={quoted(line.message)}
            own={line.message.username === me}
            editing={editing === line.message.id}
            active={active === line.message.id}
          />
        ),
      )}
    </>
  )
})

function Separator({ class: name, label }: { class: string; label: string }) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: an <hr> has no text
    <div class={name} role="separator" aria-label={label}>
      <span>{label}</span>
    </div>
  )
}
