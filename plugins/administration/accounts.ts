import { type RightsAct, rightsActs } from '../../schemas/administration.js'
import { errors } from '../../schemas/error.js'
import type { MessagesOfDeleted, ResetLink, StoredUser } from '../../schemas/user.js'
import type { Accounts as Changes } from '../auth/accounts.js'
import type { Store } from '../store/index.js'
import type { Accounts, Actor, Audit } from './audit.js'

/** @throws UserNotFound, also if the account was deleted */
export function assertThere(accounts: Accounts, username: string): StoredUser {
  const user = accounts(username)
  if (!user || user.deletion !== null) throw new errors.UserNotFound(username)
  return user
}

/** What administrators and the operator do to accounts; each act is in the audit log before it happens. */
export function createAdministeredAccounts(store: Store, audit: Audit, changes: Changes) {
  /**
   * Brings an account to what the log says of it. Servers that act on it at once, or one that stopped halfway, leave it
   * as the newest entries say.
   * @returns how many sessions ended
   */
  async function settle(username: string): Promise<number> {
    for (let ended = 0; ; ) {
      const stored = await store.readUser(username)
      const wanted = (await audit.readAccounts([username]))(username)
      if (!stored || !wanted || stored.deletion !== null) return ended
      if (stored.blocked !== wanted.blocked) {
        if (wanted.blocked) ended += await changes.block(username)
        else await changes.unblock(username)
      } else if (stored.is_admin !== wanted.is_admin) await changes.setAdmin(username, wanted.is_admin)
      else return ended
    }
  }

  async function changeRights(actor: Actor, username: string, act: RightsAct): Promise<number> {
    await audit.enter(actor, username, accounts => {
      const user = assertThere(accounts, username)
      // Who acts is an administrator and stays one, so the last one cannot go.
      if (user.username === actor.username) throw new errors.OwnRights()
      const change = Object.entries(rightsActs[act]) as ['blocked' | 'is_admin', boolean][]
      return change.every(([right, value]) => user[right] === value) ? null : { act, member: user.username }
    })
    return settle(username)
  }

  /** @throws UserNotFound */
  const enter = (actor: Actor, username: string, act: 'password_reset' | 'reset_link_made' | 'sessions_ended') =>
    audit.enter(actor, username, accounts => ({ act, member: assertThere(accounts, username).username }))

  return {
    /** Brings the accounts that were changed last to what the log says of them. */
    async settleAll(): Promise<void> {
      const members = (await audit.newestChanges()).map(({ member = '' }) => member)
      for (const username of new Set(members)) await settle(username)
    },

    /** @returns how many sessions ended @throws NotFound, UserNotFound, OwnRights */
    block: (actor: Actor, username: string) => changeRights(actor, username, 'user_blocked'),

    /** @throws NotFound, UserNotFound, OwnRights */
    unblock: (actor: Actor, username: string) => changeRights(actor, username, 'user_unblocked'),

    /** @throws NotFound, UserNotFound, OwnRights */
    setAdmin: (actor: Actor, username: string, is_admin: boolean) =>
      changeRights(actor, username, is_admin ? 'admin_appointed' : 'admin_dismissed'),

    /** @throws NotFound, UserNotFound */
    async makeResetLink(actor: Actor, username: string): Promise<ResetLink> {
      await enter(actor, username, 'reset_link_made')
      return changes.resets.makeLink(username)
    },

    /** @returns how many sessions ended @throws UserNotFound, BadRequest, PasswordTooLong, PasswordTooCommon */
    async setPassword(actor: Actor, username: string, password: string): Promise<number> {
      await enter(actor, username, 'password_reset')
      return changes.setPassword(username, password)
    },

    /** @returns how many sessions ended @throws NotFound, UserNotFound, OwnRights */
    async delete(actor: Actor, username: string, messages: MessagesOfDeleted): Promise<number> {
      await audit.enter(actor, username, accounts => {
        const user = assertThere(accounts, username)
        if (user.username === actor.username) throw new errors.OwnRights()
        return { act: 'account_deleted', member: user.username }
      })
      return changes.delete(username, messages)
    },

    /** Ends all sessions of a user. @returns how many @throws NotFound, UserNotFound */
    async endSessions(actor: Actor, username: string): Promise<number> {
      await enter(actor, username, 'sessions_ended')
      return changes.endSessions(username)
    },

    /** Enters that a session is about to be ended. @throws NotFound, UserNotFound */
    enterSessionEnd: (actor: Actor, username: string) => enter(actor, username, 'sessions_ended'),
  }
}
