import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import type { Message } from '../../../schemas/message.js'
import type { Room } from '../../../schemas/room.js'
import type { ConversationView } from '../state/state.js'
import { keyOf } from '../text/layout.js'
import { RoomTile } from './avatar.js'
import { useAccount, useAccountState, useApp, useAppState, useTexts } from './hooks.js'
import { Icon } from './icon.js'
import { LiveRegion } from './live-region.js'
import { MessageRows } from './message-rows.js'
import { OutgoingMessageRow } from './outgoing-message.js'
import { hasTextFocus } from './text-focus.js'
import { useScroll } from './use-scroll.js'

/** How long the message that was scrolled to is highlighted, ms. */
const MARKED_MS = 2000

export function MessageList({ view, room }: { view: ConversationView; room: Room }) {
  const { router } = useApp()
  const account = useAccount()
  const texts = useTexts()
  const language = useAppState('language')
  const me = useAccountState('me', me => me.username)
  const people = useAccountState('people')
  const box = useRef<HTMLDivElement>(null)
  const conversation = account.conversations.current()
  const { messages, unread_after, attached, target } = view

  const scroll = useScroll(box, {
    attached,
    near_top: () => conversation?.loadOlder(),
    near_end: () => conversation?.loadNewer(),
    content: [messages, attached, view.outgoing, view.has_older, view.editing, unread_after, language, people],
  })

  const last = messages.at(-1)
  const reading = scroll.at_end
  const hidden = useHidden()
  useEffect(() => {
    router.setReading(scroll.reading)
    if (scroll.shown) conversation?.reading(...scroll.shown)
    if (scroll.reading === null && attached && !hidden && last) account.rooms.markRead(room.id, room.last_seq)
  }, [reading, hidden, messages, room.last_seq, room.id])

  // Scrolls to the requested message; one that does not exist changes nothing.
  const marked = useRef(0)
  useLayoutEffect(() => {
    if (!target || target.at === marked.current) return
    if (target.id === null) {
      marked.current = target.at
      return scroll.toEnd()
    }
    if (!scroll.toMessage(target.id)) return
    marked.current = target.at
    const row = box.current?.querySelector<HTMLElement>(`[data-id="${target.id}"]`)
    row?.classList.add('highlighted')
    if (!hasTextFocus()) row?.focus({ preventScroll: true })
    const timer = setTimeout(() => row?.classList.remove('highlighted'), MARKED_MS)
    return () => clearTimeout(timer)
  }, [target, messages])

  // A room opens at its first new message, if there is one.
  const opened = useRef('')
  useLayoutEffect(() => {
    if (opened.current === room.id || messages.length === 0) return
    opened.current = room.id
    if (target) return
    box.current?.querySelector('.unread-line')?.scrollIntoView({ block: 'center' })
    scroll.remember()
  }, [room.id, messages])

  const { active, onFocus, onKeyDown } = useRoving(messages)

  return (
    <div class="messages-area">
      <div
        ref={box}
        class="messages scrolls"
        role="log"
        // New messages are announced by the live region below, loaded history is not.
        aria-live="off"
        aria-label={texts.messages}
        onScroll={() => {
          scroll.remember()
          router.setReading(scroll.reading)
        }}
        onFocusCapture={onFocus}
        onKeyDown={onKeyDown}
      >
        {view.has_older ? (
          <button type="button" class="link load-older" onClick={() => conversation?.loadOlder()}>
            {texts.load_older}
          </button>
        ) : (
          <Beginning room={room} empty={messages.length === 0 && view.outgoing.length === 0} />
        )}
        <MessageRows messages={messages} unread_after={unread_after} me={me} editing={view.editing} active={active} />
        {attached &&
          view.outgoing.map((one, index) => (
            <OutgoingMessageRow
              key={keyOf({ username: me, client_id: one.client_id })}
              one={one}
              me={me}
              starts_group={one.reply_to !== undefined || (index === 0 ? last?.username !== me : false)}
              quoted={one.reply_to === undefined ? undefined : messages.find(({ id }) => id === one.reply_to)}
            />
          ))}
      </div>
      <LiveRegion messages={messages} attached={attached} me={me} />
      {!reading && messages.length > 0 && (
        <button
          type="button"
          class="jump-to-latest"
          aria-label={texts.jump_to_latest(room.unread)}
          title={texts.jump_to_latest(room.unread)}
          onClick={() => conversation?.toEnd()}
        >
          <Icon name="down" />
          {room.unread > 0 && (
            <span class="badge" aria-hidden="true">
              {room.unread >= 1000 ? '999+' : room.unread}
            </span>
          )}
        </button>
      )}
    </div>
  )
}

function Beginning({ room, empty }: { room: Room; empty: boolean }) {
  const texts = useTexts()
  return (
    <header class="room-start">
      <RoomTile id={room.id} name={room.name} />
      <h3 dir="auto">{texts.room_start(room.name)}</h3>
      {room.description !== '' && <p dir="auto">{room.description}</p>}
      {empty && <p>{texts.no_messages}</p>}
    </header>
  )
}

function useHidden(): boolean {
  const [hidden, setHidden] = useState(document.hidden)
  useLayoutEffect(() => {
    const look = () => setHidden(document.hidden)
    document.addEventListener('visibilitychange', look)
    return () => document.removeEventListener('visibilitychange', look)
  }, [])
  return hidden
}

/** Roving tab index: the list is one Tab stop, and the arrow keys move between messages. */
function useRoving(messages: readonly Message[]) {
  const [chosen, setChosen] = useState<number | null>(null)
  const active = chosen !== null && messages.some(({ id }) => id === chosen) ? chosen : (messages.at(-1)?.id ?? null)
  function onFocus(event: FocusEvent) {
    const row = (event.target as HTMLElement).closest<HTMLElement>('[data-id]')
    if (row) setChosen(Number(row.dataset.id))
  }
  function onKeyDown(event: KeyboardEvent) {
    const row = event.target as HTMLElement
    if (!row.matches('article') || (event.key !== 'ArrowUp' && event.key !== 'ArrowDown')) return
    const rows = [...(row.parentElement?.querySelectorAll<HTMLElement>('article[data-id]') ?? [])]
    const next = rows[rows.indexOf(row) + (event.key === 'ArrowUp' ? -1 : 1)]
    if (!next) return
    event.preventDefault()
    next.focus()
  }
  return { active, onFocus, onKeyDown }
}
