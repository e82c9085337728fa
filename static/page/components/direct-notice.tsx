import { useLayoutEffect } from 'preact/hooks'
import type { Room } from '../../../schemas/room.js'
import type { Translation } from '../i18n/index.js'
import { othersIn } from '../state/direct.js'
import { blockUser } from '../state/direct-actions.js'
import { displayName } from '../state/people.js'
import { useAccount, useAccountState, useOwnTexts } from './hooks.js'
import { Icon } from './icon.js'

const en = {
  own: (name: string) => `You blocked ${name}.`,
  other: (name: string) => `You can’t send messages to ${name}.`,
  deleted: 'This account was deleted, so nothing can be sent any more.',
  unblock: 'Unblock',
}
const ko: Translation<typeof en> = {
  own: (name: string) => `${name} 님을 차단했어요.`,
  other: (name: string) => `${name} 님에게는 메시지를 보낼 수 없어요.`,
  deleted: '탈퇴한 사용자라서 메시지를 보낼 수 없어요.',
  unblock: '차단 해제',
}

/** Why nothing can be sent in a conversation of two; nothing if it can. @param props.close called with true then */
export function DirectNotice({ room, close }: { room: Room; close: (closed: boolean) => void }) {
  const account = useAccount()
  const own = useOwnTexts({ en, ko })
  const me = useAccountState('me', me => me.username)
  const [other = ''] = othersIn(room, me)
  const name = useAccountState('people', people => displayName(people, other))
  const is_blocked = useAccountState('blocked', blocked => blocked.has(other))
  const is_pair = room.usernames?.length === 2
  const is_deleted = is_pair && room.member_count < 2
  const by_me = is_pair && (is_blocked || room.blocked_by?.includes(me) === true)
  const closed = is_deleted || by_me || room.blocked_by !== undefined
  useLayoutEffect(() => {
    close(closed)
    return () => close(false)
  }, [closed])
  const unblock = async () => {
    await account.attempt(blockUser(account, other, false))
    await account.rooms.refresh(room.id)
  }
  if (!closed) return null
  return (
    <p class="composer-notice" role="status">
      <Icon name="ban" small />
      {is_deleted ? own.deleted : by_me ? own.own(name) : own.other(name)}
      {by_me && !is_deleted && (
        <button type="button" class="link" onClick={unblock}>
          {own.unblock}
        </button>
      )}
    </p>
  )
}
