import type { Room } from '../../../schemas/room.js'
import type { ConversationView, Panel } from '../state/state.js'
import { RoomSign, RoomTile } from './avatar.js'
import { useAccount, useAccountState, useApp, useTexts } from './hooks.js'
import { Icon } from './icon.js'
import { IconButton } from './icon-button.js'

export function RoomHeader({ view, room }: { view: ConversationView; room: Room | undefined }) {
  const account = useAccount()
  const texts = useTexts()
  const panel = useAccountState('panel')
  const member = view.status === 'member' || view.status === 'loading'
  const toggle = (which: Exclude<Panel, null>) => account.showPanel(panel === which ? null : which)
  const name = room?.name ?? view.ended?.name ?? ''
  const is_pair = room?.kind === 'direct' && room.usernames?.length === 2
  const about = [
    room && !room.is_default && !is_pair && texts.member_count(room.member_count),
    member && (is_pair ? texts[view.online_count > 1 ? 'online' : 'offline'] : texts.online_count(view.online_count)),
    room?.description,
  ]
  return (
    <header class="sheet-head room-head">
      <BackButton />
      {room ? <RoomSign room={room} /> : name !== '' && <RoomTile id={view.room_id} name={name} />}
      <div class="room-title">
        <h2 dir="auto">{name}</h2>
        {room && <p class="note">{about.filter(Boolean).join(' · ')}</p>}
      </div>
      {room && member && (
        <div class="room-tools">
          <IconButton
            icon="search"
            label={texts.search}
            pressed={panel === 'search' || panel === 'search_all'}
            onClick={() => (panel === 'search_all' ? account.showPanel(null) : toggle('search'))}
          />
          <button
            type="button"
            class="icon-button with-count"
            aria-label={texts.members}
            title={texts.members}
            aria-pressed={panel === 'members'}
            onClick={() => toggle('members')}
          >
            <Icon name="people" />
            <span aria-hidden="true" data-count={room.member_count} />
          </button>
          <IconButton icon="info" label={texts.room_info} pressed={panel === 'about'} onClick={() => toggle('about')} />
        </div>
      )}
    </header>
  )
}

/** Back to the list of rooms, on a narrow screen. */
export function BackButton() {
  const { router } = useApp()
  const texts = useTexts()
  return (
    <IconButton
      icon="back"
      label={texts.rooms}
      class="only-narrow"
      onClick={() => router.go({ room_id: null, message: null })}
    />
  )
}
