import { useEffect, useRef, useState } from 'preact/hooks'
import type { LastMessage, Room } from '../../../schemas/room.js'
import { Avatar, PersonName } from './avatar.js'
import { Icon } from './icon.js'
import { IconButton } from './icon-button.js'
import { LanguageChoice } from './language.js'
import { memo, useApp, useSelected, useWords } from './use.js'

/** Those who spoke last are asked for in so many rooms, so that a long list does not use up what one may ask. */
const NAMED_MAX = 50

/** The rooms, and oneself. */
export function Sidebar() {
  const app = useApp()
  const words = useWords()
  const rooms = useSelected('rooms')
  const list = useSelected('rooms_list')
  const open_id = useSelected('place', place => place.room_id)
  const me = useSelected('me', me => me?.username ?? '')
  const can_ask_notes = useSelected('can_ask_notes')
  const [query, setQuery] = useState('')
  const menu = useRef<HTMLDetailsElement>(null)

  const wanted = query.trim().toLowerCase()
  const found = [...rooms.values()].filter(room => room.name.toLowerCase().includes(wanted))
  found.sort((a, b) => Number(b.is_default) - Number(a.is_default) || a.name.localeCompare(b.name))
  const own = found.filter(room => room.is_member)
  const others = found.filter(room => !room.is_member)

  return (
    <nav class="sidebar" aria-label={words.rooms}>
      <header class="sidebar-head">
        <h1>{words.rooms}</h1>
        <IconButton icon="plus" label={words.create_room} onClick={() => app.dialog({ name: 'create_room' })} />
      </header>
      <input
        class="find"
        type="search"
        placeholder={words.find_room}
        aria-label={words.find_room}
        value={query}
        onInput={event => setQuery(event.currentTarget.value)}
      />
      <div class="room-lists">
        {list === 'loading' && <p class="empty">{words.loading}</p>}
        {list === 'failed' && (
          <p class="empty" role="alert">
            {words.rooms_failed}{' '}
            <button type="button" class="link" onClick={app.loadRooms}>
              {words.retry}
            </button>
          </p>
        )}
        {list === 'loaded' && found.length === 0 && (
          <p class="empty">
            {words.no_room_found}{' '}
            <button type="button" class="link" onClick={() => app.dialog({ name: 'create_room' })}>
              {words.create_room}
            </button>
          </p>
        )}
        {own.length > 0 && <RoomList title={words.your_rooms} rooms={own} open_id={open_id} me={me} />}
        {others.length > 0 && <RoomList title={words.other_rooms} rooms={others} open_id={open_id} me={me} />}
        {list === 'loaded' && wanted === '' && others.length === 0 && own.length <= 1 && (
          <p class="empty">{words.no_other_rooms}</p>
        )}
      </div>
      <footer class="sidebar-foot">
        <button type="button" class="me" title={words.your_profile} onClick={() => app.dialog({ name: 'own_profile' })}>
          <Avatar username={me} />
          <PersonName username={me} /> <span class="hidden">{words.your_profile}</span>
        </button>
        <details
          class="menu up"
          ref={menu}
          onKeyDown={event => event.key === 'Escape' && menu.current?.removeAttribute('open')}
          onFocusOut={event => {
            if (!menu.current?.contains(event.relatedTarget as Node | null)) menu.current?.removeAttribute('open')
          }}
        >
          <summary class="icon-button" aria-label={words.more} title={words.more}>
            <Icon name="more" />
          </summary>
          <div class="menu-items">
            <LanguageChoice />
            {can_ask_notes && (
              <button type="button" onClick={app.askNotes}>
                {words.enable_notifications}
              </button>
            )}
            <button
              type="button"
              onClick={() => {
                menu.current?.removeAttribute('open')
                app.dialog({ name: 'keys' })
              }}
            >
              {words.keyboard_shortcuts}
            </button>
            <button type="button" onClick={() => app.session.logOut()}>
              {words.log_out}
            </button>
          </div>
        </details>
      </footer>
    </nav>
  )
}

interface ListProps {
  title: string
  rooms: Room[]
  open_id: string | null
  me: string
}

function RoomList({ title, rooms, open_id, me }: ListProps) {
  return (
    <section>
      <h2>{title}</h2>
      <ul>
        {rooms.map((room, index) => (
          <li key={room.id}>
            <RoomLink room={room} open={room.id === open_id} me={me} named={index < NAMED_MAX} />
          </li>
        ))}
      </ul>
    </section>
  )
}

interface LinkProps {
  room: Room
  open: boolean
  me: string
  named: boolean
}

const RoomLink = memo(function RoomLink({ room, open, me, named }: LinkProps) {
  const app = useApp()
  const words = useWords()
  const muted = useSelected('muted', muted => muted.has(room.id))
  const unread = room.is_member && !open ? room.unread : 0
  function click(event: MouseEvent) {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return
    event.preventDefault()
    app.go({ room_id: room.id, message: null })
  }
  return (
    <a
      class={`room-link${unread > 0 && !muted ? ' has-unread' : ''}${muted ? ' muted' : ''}`}
      href={`/r/${room.id}`}
      aria-current={open ? 'page' : undefined}
      onClick={click}
    >
      <span class="sign" aria-hidden="true">
        {room.is_public ? '#' : <Icon name="lock" />}
      </span>
      <bdi class="room-name">{room.name}</bdi>
      {!room.is_public && <span class="hidden">{words.private_room}</span>}
      {muted && <span class="hidden">{words.muted}</span>}
      {unread > 0 && (
        <span class="badge">
          <span aria-hidden="true">{unread >= 1000 ? '999+' : unread}</span>
          <span class="hidden">{words.unread(unread)}</span>
        </span>
      )}
      {room.last_message && <LastLine last={room.last_message} own={room.last_message.username === me} named={named} />}
    </a>
  )
})

/** What was said last, in one line. */
function LastLine({ last, own, named }: { last: LastMessage; own: boolean; named: boolean }) {
  const app = useApp()
  const words = useWords()
  const { username } = last
  const name = useSelected('people', people => people.get(username)?.display_name) || username
  useEffect(() => {
    if (named) app.wonder(username)
  }, [named, username, app])
  if (last.deleted_at !== undefined) return <span class="last-line">{words.deleted_message}</span>
  return (
    <span class="last-line" dir="auto">
      <bdi>{own ? words.you : name}</bdi>: {last.text}
    </span>
  )
}
