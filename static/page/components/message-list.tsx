import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import type { Message } from '../../../schemas/message.js'
import type { Room } from '../../../schemas/room.js'
import type { OutgoingMessage } from '../state/outgoing-message.js'
import type { ConversationView } from '../state/state.js'
import { unreadCount } from '../text/unread-count.js'
import { RoomSign } from './avatar.js'
import { useAccount, useAccountState, useApp, useAppState, useTexts } from './hooks.js'
import { Icon } from './icon.js'
import { lazy } from './lazy.js'
import { LiveRegion } from './live-region.js'
import { MessageRows } from './message-rows.js'
import { hasTextFocus } from './text-focus.js'
import { useReadMark } from './use-read-mark.js'
import { useScroll } from './use-scroll.js'

const ReadCounts = lazy(() => import('./read-counts.js').then(script => script.ReadCounts))

/** How long the message that was scrolled to is highlighted, ms. */
const MARKED_MS = 2000

const NOTHING: readonly OutgoingMessage[] = []

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

  const hidden = useHidden()

  const scroll = useScroll(box, {
    attached,
    following: !hidden,
    near_top: () => conversation?.loadOlder(),
    near_end: () => conversation?.loadNewer(),
    content: [
      messages,
      view.notes,
      attached,
      view.outgoing,
      view.has_older,
      view.editing,
      unread_after,
      language,
      people,
    ],
  })

  const reading = scroll.at_end
  const look = useReadMark(room, view, scroll, hidden)
  useEffect(() => {
    router.setReading(scroll.reading)
    if (scroll.shown) conversation?.reading(...scroll.shown)
    look()
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

  // A room opens at its first new message, if there is one, and so does a tab that was hidden at the room's end.
  const seeks_new = useRef<'opened' | 'returned' | null>('opened')
  useLayoutEffect(() => {
    const why = seeks_new.current
    if (why === null || hidden || messages.length === 0) return
    seeks_new.current = null
    if (why === 'opened' && target) return
    box.current?.querySelector('.unread-line')?.scrollIntoView({ block: 'center' })
    scroll.remember()
  }, [hidden, messages, unread_after])

  const left_at = useRef<{ unread: number; at_end: boolean } | null>(null)
  useLayoutEffect(() => {
    if (hidden) {
      // A room that was opened in a hidden tab has not been seen yet: there is no place to come back to.
      if (seeks_new.current !== 'opened') left_at.current = { unread: room.unread, at_end: reading }
      return
    }
    const { unread, at_end } = left_at.current ?? { unread: room.unread, at_end: false }
    left_at.current = null
    if (room.unread > unread) {
      if (at_end) seeks_new.current = 'returned'
      conversation?.returned(room.last_read_seq)
    } else if (at_end && !reading) conversation?.toEnd()
  }, [hidden])

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
          look()
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
        <MessageRows
          messages={messages}
          notes={view.notes}
          from_start={!view.has_older}
          to_end={attached}
          outgoing={attached ? view.outgoing : NOTHING}
          quotes={view.quotes}
          unread_after={unread_after}
          me={me}
          editing={view.editing}
          active={active}
        />
      </div>
      <ReadCounts key={room.id} view={view} room={room} />
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
              {unreadCount(room.unread)}
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
      <RoomSign room={room} />
      <h3 dir="auto">
        {room.emptied_seq > 0 ? texts.history_start : texts.room_start(room.name, room.kind === 'direct')}
      </h3>
      {room.emptied_seq === 0 && room.description !== '' && <p dir="auto">{room.description}</p>}
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

/** What the arrow keys reach in a message. */
const STOPS = 'a[href], button:not(.focus-actions), pre'

/**
 * Roving tab index: the list is one Tab stop. Up and down move between messages, left and right between a message and its
 * links and buttons, Escape goes back to the message.
 */
function useRoving(messages: readonly Message[]) {
  const [chosen, setChosen] = useState<number | null>(null)
  const active = chosen !== null && messages.some(({ id }) => id === chosen) ? chosen : (messages.at(-1)?.id ?? null)
  function onFocus(event: FocusEvent) {
    const row = (event.target as HTMLElement).closest<HTMLElement>('[data-id]')
    if (row) setChosen(Number(row.dataset.id))
  }
  function onKeyDown(event: KeyboardEvent) {
    const target = event.target as HTMLElement
    const row = target.closest<HTMLElement>('article')
    if (!row || hasTextFocus(target)) return
    if (event.key === 'Escape' && target !== row) {
      event.preventDefault()
      return row.focus()
    }
    if (event.key === 'ArrowLeft' || event.key === 'ArrowRight') {
      // Code that is wider than the screen is scrolled.
      if (target.scrollWidth > target.clientWidth && target.matches('pre')) return
      const stops = [row, ...row.querySelectorAll<HTMLElement>(STOPS)]
      event.preventDefault()
      return stops[stops.indexOf(target) + (event.key === 'ArrowRight' ? 1 : -1)]?.focus()
    }
    if (event.key !== 'ArrowUp' && event.key !== 'ArrowDown') return
    const rows = [...(row.parentElement?.querySelectorAll<HTMLElement>('article[data-id]') ?? [])]
    const next = rows[rows.indexOf(row) + (event.key === 'ArrowUp' ? -1 : 1)]
    if (!next) return
    event.preventDefault()
    next.focus()
  }
  return { active, onFocus, onKeyDown }
}
