import { useRef } from 'preact/hooks'
import type { Room } from '../../../schemas/room.js'
import type { ConversationView, Panel } from '../state/state.js'
import { useAccount, useAccountState, useApp, useTexts } from './hooks.js'
import { Icon } from './icon.js'
import { IconButton } from './icon-button.js'

export function RoomHeader({ view, room }: { view: ConversationView; room: Room | undefined }) {
  const { router } = useApp()
  const account = useAccount()
  const texts = useTexts()
  const panel = useAccountState('panel')
  const member = view.status === 'member' || view.status === 'loading'
  const toggle = (which: Exclude<Panel, null>) => account.showPanel(panel === which ? null : which)
  return (
    <header class="room-head">
      <IconButton
        icon="back"
        label={texts.rooms}
        class="only-narrow"
        onClick={() => router.go({ room_id: null, message: null })}
      />
      <div class="room-title">
        <h2 dir="auto">{room?.name ?? ''}</h2>
        {room && (
          <p class="note">
            {!room.is_default && texts.member_count(room.member_count)}
            {!room.is_default && member && ' · '}
            {member && texts.online_count(view.online_count)}
          </p>
        )}
      </div>
      {room && member && (
        <>
          <IconButton
            icon="search"
            label={texts.search}
            pressed={panel === 'search'}
            onClick={() => toggle('search')}
          />
          <IconButton
            icon="people"
            label={texts.members}
            pressed={panel === 'members'}
            onClick={() => toggle('members')}
          />
          <RoomMenu room={room} />
        </>
      )}
    </header>
  )
}

function RoomMenu({ room }: { room: Room }) {
  const account = useAccount()
  const texts = useTexts()
  const me = useAccountState('me', me => me.username)
  const muted = useAccountState('muted', muted => muted.has(room.id))
  const menu = useRef<HTMLDetailsElement>(null)
  const close = () => menu.current?.removeAttribute('open')

  function confirm(question: string, action: string, run: () => Promise<unknown>) {
    close()
    account.showDialog({ name: 'confirm', question, action, run })
  }
  return (
    <details
      class="menu"
      ref={menu}
      onKeyDown={event => event.key === 'Escape' && close()}
      onFocusOut={event => {
        if (!menu.current?.contains(event.relatedTarget as Node | null)) close()
      }}
    >
      <summary class="icon-button" aria-label={texts.more} title={texts.more}>
        <Icon name="more" />
      </summary>
      <div class="menu-items">
        <button
          type="button"
          onClick={() => {
            close()
            account.muteRoom(room.id, !muted)
          }}
        >
          {muted ? texts.unmute : texts.mute}
        </button>
        {room.is_default ? null : room.owner === me ? (
          <button
            type="button"
            class="danger"
            onClick={() =>
              confirm(texts.delete_room_confirm(room.name), texts.delete_room, () => account.deleteRoom(room.id))
            }
          >
            {texts.delete_room}
          </button>
        ) : (
          <button
            type="button"
            onClick={() => confirm(texts.leave_confirm(room.name), texts.leave, () => account.leaveRoom(room.id))}
          >
            {texts.leave}
          </button>
        )}
      </div>
    </details>
  )
}
