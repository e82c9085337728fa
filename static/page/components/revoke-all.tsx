import type { Invite } from '../../../schemas/invite.js'
import type { Translation } from '../i18n/index.js'
import { displayName } from '../state/people.js'
import { useAccountState, useOwnTexts } from './hooks.js'

const en = { revoke_all: (name: string) => `Revoke all by ${name}` }
const ko: Translation<typeof en> = { revoke_all: name => `${name}님의 링크 모두 중지` }

interface Props {
  invites: readonly Invite[]
  revokeAll: (created_by: string) => Promise<void>
}

/** For each user who made several invitations that can be used: a button that revokes them all. */
export function RevokeAll({ invites, revokeAll }: Props) {
  const own = useOwnTexts({ en, ko })
  const people = useAccountState('people')
  const makers = invites.filter(({ state }) => state === 'valid').map(({ created_by }) => created_by)
  const several = new Set(makers.filter((maker, n) => makers.indexOf(maker) !== n))
  return (
    <>
      {[...several].map(maker => (
        <button key={maker} type="button" class="link" onClick={() => revokeAll(maker)}>
          {own.revoke_all(displayName(people, maker))}
        </button>
      ))}
    </>
  )
}
