import type { Room } from '../../../schemas/room.js'
import type { Translation } from '../i18n/index.js'
import { othersIn } from '../state/direct.js'
import { RoomSign, Username } from './avatar.js'
import { useAccount, useAccountState, useOwnTexts, useTexts } from './hooks.js'
import { MenuItem } from './menu.js'
import { Panel, PanelTabs } from './panel.js'
import { useBlock } from './use-block.js'

const en = {
  title: 'Conversation info',
  mute: 'Mute conversation',
  unmute: 'Unmute conversation',
  only: 'Only you two can see this conversation.',
  only_group: (count: number) => `Only the ${count} of you can see this conversation.`,
  profile: 'View profile',
  hide: 'Hide conversation',
  hide_confirm: (name: string) =>
    `Hide the conversation with ${name}? It comes back when something new is said. Nobody is notified.`,
}
const ko: Translation<typeof en> = {
  title: '대화 정보',
  mute: '알림 끄기',
  unmute: '알림 켜기',
  only: '두 사람만 볼 수 있는 대화예요.',
  only_group: (count: number) => `참여한 ${count}명만 볼 수 있는 대화예요.`,
  profile: '프로필 보기',
  hide: '대화 숨기기',
  hide_confirm: (name: string) =>
    `${name} 님과의 대화를 숨길까요? 새 메시지가 오면 다시 나타나요. 상대방에게는 알리지 않아요.`,
}

/** What the user can do with a direct conversation. */
export function DirectPanel({ room }: { room: Room }) {
  const account = useAccount()
  const texts = useTexts()
  const own = useOwnTexts({ en, ko })
  const me = useAccountState('me', me => me.username)
  const muted = useAccountState('muted', muted => muted.has(room.id))
  const favorite = useAccountState('favorites', favorites => favorites.has(room.id))
  const others = othersIn(room, me)
  const [other = ''] = others
  const block = useBlock(other)
  const hide = () => {
    const run = () => account.leaveRoom(room.id)
    account.showDialog({ name: 'confirm', question: own.hide_confirm(room.name), action: own.hide, run })
  }
  return (
    <Panel title={own.title}>
      <PanelTabs room={room} />
      <div class="panel-body scrolls">
        <div class="room-card">
          <RoomSign room={room} />
          <h3 dir="auto">{room.name}</h3>
          {others.length === 1 && <Username username={other} />}
          <p class="note">{others.length === 1 ? own.only : own.only_group(others.length + 1)}</p>
        </div>
        <div class="room-actions">
          {others.length === 1 && (
            <MenuItem
              icon="people"
              label={own.profile}
              onClick={() => account.showDialog({ name: 'profile', username: other })}
            />
          )}
          <MenuItem
            icon="star"
            label={favorite ? texts.remove_favorite : texts.add_favorite}
            onClick={() => account.mark('favorites', room.id, !favorite)}
          />
          <MenuItem
            icon={muted ? 'bell' : 'bell_off'}
            label={muted ? own.unmute : own.mute}
            onClick={() => account.mark('muted', room.id, !muted)}
          />
          <hr />
          <MenuItem icon="eye" label={own.hide} onClick={hide} />
          {others.length === 1 && (
            <MenuItem icon="ban" label={block.label} danger={!block.is_blocked} onClick={block.change} />
          )}
        </div>
      </div>
    </Panel>
  )
}
