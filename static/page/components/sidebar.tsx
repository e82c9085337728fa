import { useEffect, useRef, useState } from 'preact/hooks'
import type { LastMessage, Room } from '../../../schemas/room.js'
import { Avatar, DisplayName } from './avatar.js'
import { memo, useAccount, useAccountState, useApp, useAppState, useTexts } from './hooks.js'
import { Icon } from './icon.js'
import { IconButton } from './icon-button.js'
import { LanguageSelect } from './language-select.js'

/** Rooms whose last sender is looked up, so that a long list does not use up the rate limit. */
const LOOKUPS_MAX = 50

/** The list of rooms, and the user's own menu. */
export function Sidebar() {
  const app = useApp()
  const account = useAccount()
  const texts = useTexts()
  const rooms = useAccountState('rooms')
  const list = useAccountState('rooms_status')
  const open_id = useAppState('route', route => route.room_id)
  const me = useAccountState('me', me => me.username)
  const can_ask_notifications = useAppState('can_ask_notifications')
  const [query, setQuery] = useState('')
  const menu = useRef<HTMLDetailsElement>(null)

  const wanted = query.trim().toLowerCase()
  const found = [...rooms.values()].filter(room => room.name.toLowerCase().includes(wanted))
  found.sort((a, b) => Number(b.is_default) - Number(a.is_default) || a.name.localeCompare(b.name))
  const own = found.filter(room => room.is_member)
  const others = found.filter(room => !room.is_member)

  return (
    <nav class="sidebar" aria-label={texts.rooms}>
      <header class="sidebar-head">
        <h1>{texts.rooms}</h1>
        <IconButton icon="plus" label={texts.create_room} onClick={() => account.showDialog({ name: 'create_room' })} />
      </header>
      <input
        class="room-search"
        type="search"
        placeholder={texts.find_room}
        aria-label={texts.find_room}
        value={query}
        onInput={event => setQuery(event.currentTarget.value)}
      />
      <div class="room-lists">
        {list === 'loading' && <p class="empty">{texts.loading}</p>}
        {list === 'failed' && (
          <p class="empty" role="alert">
            {texts.rooms_failed}{' '}
            <button type="button" class="link" onClick={account.loadRooms}>
              {texts.retry}
            </button>
          </p>
        )}
        {list === 'loaded' && found.length === 0 && (
          <p class="empty">
            {texts.no_room_found}{' '}
            <button type="button" class="link" onClick={() => account.showDialog({ name: 'create_room' })}>
              {texts.create_room}
            </button>
          </p>
        )}
        {own.length > 0 && <RoomList title={texts.your_rooms} rooms={own} open_id={open_id} me={me} />}
        {others.length > 0 && <RoomList title={texts.other_rooms} rooms={others} open_id={open_id} me={me} />}
        {list === 'loaded' && wanted === '' && others.length === 0 && own.length <= 1 && (
          <p class="empty">{texts.no_other_rooms}</p>
        )}
      </div>
      <footer class="sidebar-foot">
        <button
          type="button"
          class="me"
          title={texts.your_profile}
          onClick={() => account.showDialog({ name: 'own_profile' })}
        >
          <Avatar username={me} />
          <DisplayName username={me} /> <span class="hidden">{texts.your_profile}</span>
        </button>
        <details
          class="menu up"
          ref={menu}
          onKeyDown={event => event.key === 'Escape' && menu.current?.removeAttribute('open')}
          onFocusOut={event => {
            if (!menu.current?.contains(event.relatedTarget as Node | null)) menu.current?.removeAttribute('open')
          }}
        >
          <summary class="icon-button" aria-label={texts.more} title={texts.more}>
            <Icon name="more" />
          </summary>
          <div class="menu-items">
            <LanguageSelect />
            {can_ask_notifications && (
              <button type="button" onClick={app.enableNotifications}>
                {texts.enable_notifications}
              </button>
            )}
            <button
              type="button"
              onClick={() => {
                menu.current?.removeAttribute('open')
                account.showDialog({ name: 'keyboard_shortcuts' })
              }}
            >
              {texts.keyboard_shortcuts}
            </button>
            <button type="button" onClick={() => app.session.logOut()}>
              {texts.log_out}
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
            <RoomLink room={room} open={room.id === open_id} me={me} named={index < LOOKUPS_MAX} />
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
  const { router } = useApp()
  const texts = useTexts()
  const muted = useAccountState('muted', muted => muted.has(room.id))
  const unread = room.is_member && !open ? room.unread : 0
  function click(event: MouseEvent) {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return
    event.preventDefault()
    router.go({ room_id: room.id, message: null })
  }
  return (
    <a
      class={`room-link${unread > 0 && !muted ? ' has-unread' : ''}${muted ? ' muted' : ''}`}
      href={`/r/${room.id}`}
      aria-current={open ? 'page' : undefined}
      onClick={click}
    >
      <span class="room-icon" aria-hidden="true">
        {room.is_public ? '#' : <Icon name="lock" />}
      </span>
      <bdi class="room-name">{room.name}</bdi>
      {!room.is_public && <span class="hidden">{texts.private_room}</span>}
      {muted && <span class="hidden">{texts.muted}</span>}
      {unread > 0 && (
        <span class="badge">
          <span aria-hidden="true">{unread >= 1000 ? '999+' : unread}</span>
          <span class="hidden">{texts.unread(unread)}</span>
        </span>
      )}
      {room.last_message && <LastLine last={room.last_message} own={room.last_message.username === me} named={named} />}
    </a>
  )
})

/** The last message, in one line. */
function LastLine({ last, own, named }: { last: LastMessage; own: boolean; named: boolean }) {
  const account = useAccount()
  const texts = useTexts()
  const { username } = last
  const name = useAccountState('people', people => people.get(username)?.display_name) || username
  useEffect(() => {
    if (named) account.people.lookUpUser(username)
  }, [named, username, account])
  if (last.deleted_at !== undefined) return <span class="last-message">{texts.deleted_message}</span>
  return (
    <span class="last-message" dir="auto">
      <bdi>{own ? texts.you : name}</bdi>: {last.text}
    </span>
  )
}
