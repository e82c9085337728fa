import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { errors } from '../../schemas/error.js'
import type { ResetLink, StoredUser } from '../../schemas/user.js'
import type { Store } from '../store/index.js'
import type { Sessions } from './sessions.js'

const LINK_MS = 24 * 3_600_000
const SECRET_BYTES = 16

const hashOf = (secret: string) => createHash('sha256').update(secret).digest('hex')

/**
 * Links that set a new password once. A code is the username and a secret, of which only the hash is stored. It stands
 * behind `#`, so that no server or proxy logs it.
 */
export function createResets(
  store: Store,
  sessions: Sessions,
  hash: (username: string, password: string) => Promise<string>,
) {
  /** Makes a link; an earlier one of the user is no longer valid. @throws UserNotFound */
  async function makeLink(username: string): Promise<ResetLink> {
    const user = await store.readUser(username)
    if (user === null || user.deletion !== null) throw new errors.UserNotFound(username)
    const secret = randomBytes(SECRET_BYTES).toString('base64url')
    const expires_at = new Date(Date.now() + LINK_MS).toISOString()
    const change = { reset_hash: hashOf(secret), reset_expires_at: expires_at }
    // If the password has changed meanwhile, the link belongs to the account as it is now.
    if (!(await store.changeAccount(username, change, user.generation))) return makeLink(username)
    return { link: `/reset#${user.username}.${secret}`, expires_at }
  }

  return {
    makeLink,

    /**
     * Sets a new password and ends all sessions; of several uses of a code, on any servers, one succeeds.
     * @returns how many sessions ended
     * @throws ResetCodeInvalid if it is unknown, expired, replaced or used; BadRequest, PasswordTooLong, PasswordTooCommon,
     *   LoginQueueFull
     */
    async use(code: string, password: string): Promise<number> {
      const [username = '', secret = ''] = code.split('.')
      const user = await store.readUser(username)
      if (user === null || !isValid(user, secret)) throw new errors.ResetCodeInvalid()
      const change = newPassword(await hash(user.username, password))
      const ended = await sessions.endAllBy(user, change)
      if (ended === null) throw new errors.ResetCodeInvalid()
      return ended
    },
  }
}

/** A new password, however it was set, ends the link. */
export const newPassword = (password_hash: string) => ({ password_hash, reset_hash: null, reset_expires_at: null })

function isValid({ reset_hash, reset_expires_at }: StoredUser, secret: string): boolean {
  if (reset_hash === null || reset_expires_at === null || Date.parse(reset_expires_at) < Date.now()) return false
  return timingSafeEqual(Buffer.from(reset_hash), Buffer.from(hashOf(secret)))
}
