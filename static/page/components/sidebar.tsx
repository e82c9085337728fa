import { useState } from 'preact/hooks'
import { matchesName } from '../text/match.js'
import { Avatar, DisplayName } from './avatar.js'
import { useAccount, useAccountState, useApp, useAppState, useTexts } from './hooks.js'
import { Icon } from './icon.js'
import { IconButton } from './icon-button.js'
import { LanguageSelect } from './language-select.js'
import { Menu, MenuItem } from './menu.js'
import { RoomLists } from './room-lists.js'

/** The user's rooms, the way to all others, and the user's own menu. */
export function Sidebar() {
  const account = useAccount()
  const texts = useTexts()
  const rooms = useAccountState('rooms')
  const status = useAccountState('rooms_status')
  const [query, setQuery] = useState('')
  const create = () => account.showDialog({ name: 'create_room' })
  const found = [...rooms.values()].filter(room => room.is_member && matchesName(room.name, query))
  return (
    <nav class="sidebar" aria-label={texts.rooms}>
      <header class="sidebar-head">
        <img src="/assets/icon.svg" alt="" width="28" height="28" />
        <h1>{texts.app_name}</h1>
        <IconButton icon="add" label={texts.create_room} onClick={create} />
      </header>
      <div class="with-icon room-filter">
        <Icon name="search" small />
        <input
          class="room-search"
          type="search"
          placeholder={texts.find_room}
          aria-label={texts.find_room}
          value={query}
          onInput={event => setQuery(event.currentTarget.value)}
        />
        <span class="shortcut" aria-hidden="true">
          Ctrl K
        </span>
      </div>
      <BrowseLink />
      <div class="room-lists scrolls">
        {status === 'loading' && <p class="empty">{texts.loading}</p>}
        {status === 'failed' && (
          <p class="empty" role="alert">
            {texts.rooms_failed}{' '}
            <button type="button" class="link" onClick={account.loadRooms}>
              {texts.retry}
            </button>
          </p>
        )}
        {status === 'loaded' && found.length === 0 && (
          <p class="empty">
            {texts.no_room_found}{' '}
            <button type="button" class="link" onClick={create}>
              {texts.create_room}
            </button>
          </p>
        )}
        <RoomLists rooms={found} />
      </div>
      <OwnMenu />
    </nav>
  )
}

function BrowseLink() {
  const { router } = useApp()
  const texts = useTexts()
  const browsing = useAppState('route', route => route.browsing === true)
  return (
    <a
      class="browse-link"
      href="/browse"
      aria-current={browsing ? 'page' : undefined}
      onClick={event => {
        if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return
        event.preventDefault()
        router.go({ room_id: null, message: null, browsing: true })
      }}
    >
      <Icon name="browse" small />
      {texts.browse}
    </a>
  )
}

function OwnMenu() {
  const app = useApp()
  const account = useAccount()
  const texts = useTexts()
  const me = useAccountState('me')
  const can_ask_notifications = useAppState('can_ask_notifications')
  return (
    <footer class="sidebar-foot">
      <button
        type="button"
        class="me"
        title={texts.your_profile}
        onClick={() => account.showDialog({ name: 'own_profile' })}
      >
        <Avatar username={me.username} online />
        <span class="me-name">
          <DisplayName username={me.username} />
          <span class="me-status">{texts[me.status]}</span>
        </span>
        <span class="hidden">{texts.your_profile}</span>
      </button>
      <Menu label={texts.more} up>
        <div class="menu-item">
          <Icon name="globe" />
          {texts.language}
          <LanguageSelect />
        </div>
        {can_ask_notifications && (
          <MenuItem icon="bell" label={texts.enable_notifications} onClick={app.enableNotifications} />
        )}
        <MenuItem
          icon="info"
          label={texts.keyboard_shortcuts}
          onClick={() => account.showDialog({ name: 'keyboard_shortcuts' })}
        />
        <hr />
        <MenuItem icon="out" label={texts.log_out} onClick={() => app.session.logOut()} />
      </Menu>
    </footer>
  )
}
