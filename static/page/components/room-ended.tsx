import { useRef } from 'preact/hooks'
import type { Translation } from '../i18n/index.js'
import { displayName } from '../state/people.js'
import type { ConversationView, Ended } from '../state/state.js'
import { useAccount, useAccountState, useOwnTexts } from './hooks.js'

const en = {
  room_left: 'You’re no longer a member of this room.',
  room_removed: (by: string) => `${by} removed you from this room.`,
  room_banned: (by: string) => `${by} banned you from this room.`,
  room_deleted: (by: string) => (by === '' ? 'This room was deleted.' : `${by} deleted this room.`),
  unsent_text: 'Not sent',
}
const ko: Translation<typeof en> = {
  room_left: '더 이상 이 채팅방의 멤버가 아니에요.',
  room_removed: by => `${by}님이 나를 채팅방에서 내보냈어요.`,
  room_banned: by => `${by}님이 나를 이 채팅방에서 차단했어요.`,
  room_deleted: by => (by === '' ? '삭제된 채팅방이에요.' : `${by}님이 채팅방을 삭제했어요.`),
  unsent_text: '보내지 않은 메시지',
}

/** What happened to the room or to the membership, and the text that was not sent. */
export function RoomEnded({ ended, view }: { ended: Ended; view: ConversationView }) {
  const account = useAccount()
  const own = useOwnTexts({ en, ko })
  const me = useAccountState('me', me => me.username)
  const by = useAccountState('people', people => displayName(people, ended.by))
  const unsent = useRef(account.drafts.get(view.room_id)).current
  const kept = [...view.outgoing.map(({ text }) => text), unsent].filter(text => text.trim() !== '').join('\n\n')
  const name = ended.by === me || ended.by === '' ? '' : by
  return (
    <>
      <h2 dir="auto">{ended.name}</h2>
      <p>
        {ended.how === 'deleted'
          ? own.room_deleted(name)
          : ended.how === 'left' || name === ''
            ? own.room_left
            : ended.how === 'banned'
              ? own.room_banned(name)
              : own.room_removed(name)}
      </p>
      {kept !== '' && (
        <label class="field">
          <span>{own.unsent_text}</span>
          <textarea readOnly rows={Math.min(8, kept.split('\n').length + 1)} dir="auto" value={kept} />
        </label>
      )}
    </>
  )
}
