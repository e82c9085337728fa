import { useRef } from 'preact/hooks'
import type { Room } from '../../../schemas/room.js'
import type { Panel, Talk } from '../state/state.js'
import { Icon } from './icon.js'
import { IconButton } from './icon-button.js'
import { useApp, useSelected, useWords } from './use.js'

export function RoomHead({ talk, room }: { talk: Talk; room: Room | undefined }) {
  const app = useApp()
  const words = useWords()
  const panel = useSelected('panel')
  const member = talk.standing === 'member' || talk.standing === 'loading'
  const toggle = (which: Exclude<Panel, null>) => app.panel(panel === which ? null : which)
  return (
    <header class="room-head">
      <IconButton
        icon="back"
        label={words.rooms}
        class="only-narrow"
        onClick={() => app.go({ room_id: null, message: null })}
      />
      <div class="room-title">
        <h2 dir="auto">{room?.name ?? ''}</h2>
        {room && (
          <p class="note">
            {!room.is_default && words.member_count(room.member_count)}
            {!room.is_default && member && ' · '}
            {member && words.online_count(talk.online_count)}
          </p>
        )}
      </div>
      {room && member && (
        <>
          <IconButton
            icon="search"
            label={words.search}
            pressed={panel === 'search'}
            onClick={() => toggle('search')}
          />
          <IconButton
            icon="people"
            label={words.members}
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
  const app = useApp()
  const words = useWords()
  const me = useSelected('me', me => me?.username)
  const muted = useSelected('muted', muted => muted.has(room.id))
  const menu = useRef<HTMLDetailsElement>(null)
  const close = () => menu.current?.removeAttribute('open')

  function sure(question: string, yes: string, act: () => Promise<unknown>) {
    close()
    app.dialog({ name: 'sure', question, yes, act })
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
      <summary class="icon-button" aria-label={words.more} title={words.more}>
        <Icon name="more" />
      </summary>
      <div class="menu-items">
        <button
          type="button"
          onClick={() => {
            close()
            app.mute(room.id, !muted)
          }}
        >
          {muted ? words.unmute : words.mute}
        </button>
        {room.is_default ? null : room.owner === me ? (
          <button
            type="button"
            class="danger"
            onClick={() => sure(words.delete_room_confirm(room.name), words.delete_room, () => app.deleteRoom(room.id))}
          >
            {words.delete_room}
          </button>
        ) : (
          <button
            type="button"
            onClick={() => sure(words.leave_confirm(room.name), words.leave, () => app.leave(room.id))}
          >
            {words.leave}
          </button>
        )}
      </div>
    </details>
  )
}
