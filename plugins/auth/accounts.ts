import { createHash } from 'node:crypto'
import { errors } from '../../schemas/error.js'
import type { Credentials, StoredUser } from '../../schemas/user.js'
import { AVATAR_COLORS, limits, USERNAME_PATTERN } from '../../schemas/wire.js'
import { Conflict, type Store } from '../store/index.js'
import { isCommon } from './common-passwords.js'
import type { Passwords } from './passwords.js'
import type { Sessions } from './sessions.js'

const usernames = new RegExp(USERNAME_PATTERN)

/** Names that mean everybody in a mention, or that others would take for the operator's or the server's. */
const RESERVED: ReadonlySet<string> = new Set([
  ...['all', 'channel', 'everyone', 'here', 'room'],
  ...['admin', 'administrator', 'default', 'moderator', 'official', 'operator', 'root', 'server', 'staff', 'support'],
  ...['system', '_system', 'talkie', 'woongkie-talkie'],
])

/** Whether nobody can register the name, in any case; an operator can still create it. */
export const isReserved = (username: string) => RESERVED.has(username.toLowerCase())

/** Whether the text is a valid username. */
export const isUsername = (text: string) => usernames.test(text)

export type Accounts = ReturnType<typeof createAccounts>

/** Creating and changing accounts, by registration or by an operator. */
export function createAccounts(store: Store, sessions: Sessions, passwords: Passwords) {
  /** @throws BadRequest, PasswordTooLong, PasswordTooCommon, LoginQueueFull */
  function hash(username: string, password: string): Promise<string> {
    // The schema counts before NFC normalization, which can reduce the number of characters.
    if ([...password.normalize('NFC')].length < limits.PASSWORD_MIN) {
      throw new errors.BadRequest(`Password must have at least ${limits.PASSWORD_MIN} characters`)
    }
    if (isCommon(password) || password.toLowerCase() === username.toLowerCase()) throw new errors.PasswordTooCommon()
    return passwords.hash(password)
  }

  return {
    /** @throws UsernameTaken, BadRequest, PasswordTooLong, PasswordTooCommon, LoginQueueFull */
    async add({ username, password }: Credentials): Promise<StoredUser> {
      if (!isUsername(username))
        throw new errors.BadRequest('Username must be 3 to 30 letters (A–Z, a–z), digits, _ or -')
      if ((await store.readUser(username)) !== null) throw new errors.UsernameTaken(username)
      const user = newUser(username, await hash(username, password))
      try {
        await store.createUser(user)
      } catch (error) {
        throw error instanceof Conflict ? new errors.UsernameTaken(username) : error
      }
      return user
    },

    /**
     * Prevents further logins and ends all sessions. A login in progress ends its own session, because it checks the
     * account again after storing it.
     * @returns how many sessions ended @throws UserNotFound
     */
    async block(username: string): Promise<number> {
      if (!(await store.changeAccount(username, { blocked: true }))) throw new errors.UserNotFound(username)
      return sessions.endAll(username)
    },

    /** @throws UserNotFound */
    async unblock(username: string): Promise<void> {
      if (!(await store.changeAccount(username, { blocked: false }))) throw new errors.UserNotFound(username)
    },

    /** Ends all sessions, like `block`. @returns how many @throws UserNotFound, BadRequest, PasswordTooLong, PasswordTooCommon */
    async setPassword(username: string, password: string): Promise<number> {
      if (!(await store.changeAccount(username, { password_hash: await hash(username, password) }))) {
        throw new errors.UserNotFound(username)
      }
      return sessions.endAll(username)
    },
  }
}

/** @param password_hash empty if logging in must be impossible */
export function newUser(username: string, password_hash: string): StoredUser {
  return {
    username,
    display_name: username,
    bio: '',
    avatar_color: colorOf(username),
    status: 'available',
    created_at: new Date().toISOString(),
    password_hash,
    blocked: false,
  }
}

/** A color derived from the username. */
function colorOf(username: string): string {
  const [first = 0] = createHash('sha256').update(username.toLowerCase()).digest()
  return AVATAR_COLORS[first % AVATAR_COLORS.length] as string
}
