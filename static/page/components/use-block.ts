import { ApiError } from '../../client/index.js'
import type { Translation } from '../i18n/index.js'
import { blockUser } from '../state/direct-actions.js'
import { displayName } from '../state/people.js'
import { useAccount, useAccountState, useOwnTexts } from './hooks.js'

const en = {
  block: 'Block',
  unblock: 'Unblock',
  too_many: 'You’ve reached the limit of 500 blocked users.',
  confirm: (name: string) =>
    `Block ${name}? You can’t message each other, ${name} can’t add you to rooms, and messages from ${name} in shared rooms are collapsed. ${name} isn’t notified.`,
}
const ko: Translation<typeof en> = {
  block: '차단',
  unblock: '차단 해제',
  too_many: '최대 500명까지 차단할 수 있어요.',
  confirm: (name: string) =>
    `${name} 님을 차단할까요? 서로 메시지를 보낼 수 없고, ${name} 님이 나를 채팅방에 추가할 수 없어요. 함께 있는 채팅방에서는 ${name} 님의 메시지가 접혀요. 차단한 사실은 알리지 않아요.`,
}

/** Blocks a user, after asking, or unblocks them. */
export function useBlock(username: string) {
  const account = useAccount()
  const own = useOwnTexts({ en, ko })
  const name = useAccountState('people', people => displayName(people, username))
  const is_blocked = useAccountState('blocked', blocked => blocked.has(username))
  const run = async () => {
    try {
      await blockUser(account, username, !is_blocked)
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== 'TOO_MANY_BLOCKS') throw error
      account.store.set({ error: own.too_many })
    }
  }
  return {
    is_blocked,
    label: is_blocked ? own.unblock : own.block,
    change() {
      if (is_blocked) void account.attempt(run())
      else account.showDialog({ name: 'confirm', question: own.confirm(name), action: own.block, run })
    },
  }
}
