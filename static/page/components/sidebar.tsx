import { Avatar, DisplayName } from './avatar.js'
import { useAccount, useAccountState, useApp, useAppState, useTexts } from './hooks.js'
import { Icon } from './icon.js'
import { IconButton } from './icon-button.js'
import { LanguageSelect } from './language-select.js'
import { Menu, MenuItem } from './menu.js'
import { isPlainClick } from './plain-click.js'
import { MentionBadge, RoomLists } from './room-lists.js'

/** The user's rooms, the way to all others, and the user's own menu. */
export function Sidebar() {
  const account = useAccount()
  const texts = useTexts()
  const status = useAccountState('rooms_status')
  const create = () => account.showDialog({ name: 'create_room' })
  return (
    <nav class="sidebar" aria-label={texts.rooms}>
      <header class="sidebar-head">
        <img src="/assets/icon.svg" alt="" width="28" height="28" />
        <h1>{texts.app_name}</h1>
        <MentionsButton />
        <IconButton icon="add" label={texts.create_room} onClick={create} />
      </header>
      <button type="button" class="jump" onClick={() => account.showDialog({ name: 'switcher' })}>
        <Icon name="search" small />
        {texts.find_anything}
        <span class="shortcut" aria-hidden="true">
          Ctrl K
        </span>
      </button>
      <BrowseLink />
      <button type="button" class="browse-link" onClick={() => account.showDialog({ name: 'new_direct' })}>
        <Icon name="edit" small />
        {texts.new_direct}
      </button>
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
        <RoomLists />
      </div>
      <OwnMenu />
    </nav>
  )
}

function MentionsButton() {
  const account = useAccount()
  const texts = useTexts()
  const count = useAccountState('rooms', rooms => {
    let sum = 0
    for (const room of rooms.values()) if (room.is_member) sum += room.unread_mentions
    return sum
  })
  return (
    <span class="mentions-button">
      <IconButton icon="at" label={texts.mentions} onClick={() => account.showDialog({ name: 'mentions' })} />
      {count > 0 && <MentionBadge count={count} />}
    </span>
  )
}

function BrowseLink() {
  const { router } = useApp()
  const texts = useTexts()
  const browsing = useAppState('route', route => route.screen === 'browse')
  return (
    <a
      class="browse-link"
      href="/browse"
      aria-current={browsing ? 'page' : undefined}
      onClick={event => {
        if (!isPlainClick(event)) return
        event.preventDefault()
        router.go({ room_id: null, message: null, screen: 'browse' })
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
        {me.is_admin && (
          <MenuItem
            icon="shield"
            label={texts.administration}
            onClick={() => app.router.go({ room_id: null, message: null, screen: 'administration' })}
          />
        )}
        <MenuItem icon="out" label={texts.log_out} onClick={() => app.session.logOut()} />
      </Menu>
    </footer>
  )
}
