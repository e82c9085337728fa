import { useRef } from 'preact/hooks'
import type { Room } from '../../../schemas/room.js'
import type { Translation } from '../i18n/index.js'
import { displayName } from '../state/people.js'
import { RoomTile } from './avatar.js'
import { useAccount, useAccountState, useAppState, useModerates, useOwnTexts, useTexts } from './hooks.js'
import { MenuItem } from './menu.js'
import { Panel, PanelTabs } from './panel.js'
import { monthName } from './time.js'

const en = {
  invites: 'Invitations',
  log: 'Moderation log',
  delete_room: 'Delete room',
  delete_room_confirm: (name: string) => `Delete “${name}” and all its messages? This can’t be undone.`,
  owned_by: (name: string) => `Owner: ${name}`,
  since: (month: string) => `Since ${month}`,
  unmute: 'Unmute room',
}
const ko: Translation<typeof en> = {
  invites: '초대 링크',
  log: '운영 기록',
  delete_room: '채팅방 삭제',
  delete_room_confirm: name => `‘${name}’ 채팅방과 모든 메시지를 삭제할까요? 삭제하면 되돌릴 수 없어요.`,
  owned_by: name => `방장 ${name}`,
  since: month => `${month}부터`,
  unmute: '알림 켜기',
}

/** What the room is, and what the user can do with it. */
export function RoomPanel({ room }: { room: Room }) {
  const account = useAccount()
  const texts = useTexts()
  const own = useOwnTexts({ en, ko })
  const language = useAppState('language')
  const me = useAccountState('me', me => me.username)
  const owner = useAccountState('people', people => displayName(people, room.owner))
  const muted = useAccountState('muted', muted => muted.has(room.id))
  const favorite = useAccountState('favorites', favorites => favorites.has(room.id))
  const copied = useRef<HTMLParagraphElement>(null)
  const owned = room.owner === me
  const moderates = useModerates(room)
  const is_admin = useAccountState('me', me => me.is_admin)
  const facts = [
    room.is_public ? texts.public_room : texts.private_room,
    room.has_password && texts.password_room,
    room.owner !== '' && own.owned_by(owner),
    own.since(monthName(room.created_at, language)),
  ]

  async function copyLink() {
    await navigator.clipboard?.writeText(`${location.origin}/r/${room.id}`)
    if (copied.current) copied.current.textContent = texts.copied
  }
  function confirm(question: string, action: string, run: () => Promise<unknown>) {
    account.showDialog({ name: 'confirm', question, action, run })
  }
  const leave = () => account.showDialog({ name: 'leave_room', room })
  const remove = () => confirm(own.delete_room_confirm(room.name), own.delete_room, () => account.deleteRoom(room.id))

  return (
    <Panel title={texts.room_info}>
      <PanelTabs room={room} />
      <div class="panel-body scrolls">
        <div class="room-card">
          <RoomTile id={room.id} name={room.name} />
          <h3 dir="auto">{room.name}</h3>
          {room.description !== '' && <p dir="auto">{room.description}</p>}
          <p class="note">{facts.filter(Boolean).join(' · ')}</p>
        </div>
        <div class="room-actions">
          <MenuItem
            icon="star"
            label={favorite ? texts.remove_favorite : texts.add_favorite}
            onClick={() => account.mark('favorites', room.id, !favorite)}
          />
          <MenuItem
            icon={muted ? 'bell' : 'bell_off'}
            label={muted ? own.unmute : texts.mute}
            onClick={() => account.mark('muted', room.id, !muted)}
          />
          {navigator.clipboard && <MenuItem icon="link" label={texts.copy_link} onClick={copyLink} />}
          <p class="hidden" role="status" ref={copied} />
          {moderates && !room.is_default && (
            <MenuItem icon="people" label={own.invites} onClick={() => account.showPanel('invites')} />
          )}
          {moderates && <MenuItem icon="shield" label={own.log} onClick={() => account.showPanel('log')} />}
          {(room.is_default ? is_admin : owned) && (
            <MenuItem
              icon="edit"
              label={texts.room_settings}
              onClick={() => account.showDialog({ name: 'room_settings', room })}
            />
          )}
          {!room.is_default && (
            <>
              <hr />
              {owned ? (
                <MenuItem icon="delete" label={own.delete_room} danger onClick={remove} />
              ) : (
                <MenuItem icon="out" label={texts.leave} danger onClick={leave} />
              )}
            </>
          )}
        </div>
      </div>
    </Panel>
  )
}
