import { createHash } from 'node:crypto'
import { errors } from '../../schemas/error.js'
import type { AccountChange, Credentials, MessagesOfDeleted, StoredUser } from '../../schemas/user.js'
import { AVATAR_COLORS, limits, USERNAME_PATTERN } from '../../schemas/wire.js'
import { Conflict, type Store } from '../store/index.js'
import { isCommon } from './common-passwords.js'
import type { Passwords } from './passwords.js'
import { createResets, newPassword } from './reset.js'
import type { Sessions } from './sessions.js'
import type { Identity } from './tokens.js'

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

  /** Decides again if the account changes in between. @returns how many sessions ended @throws UserNotFound, Unauthorized */
  async function endAllBy(username: string, change: AccountChange, kept?: string): Promise<number> {
    for (;;) {
      const user = await readExisting(store, username)
      const ended = await sessions.endAllBy(user, change, kept)
      if (ended !== null) return ended
    }
  }

  /** Decides again if the account changes in between: it may be deleted. @throws UserNotFound */
  async function change(username: string, change: AccountChange): Promise<void> {
    for (;;) {
      const user = await readExisting(store, username)
      if (await store.changeAccount(username, change, user.generation)) return
    }
  }

  return {
    resets: createResets(store, sessions, hash),

    /**
     * The first account becomes an administrator.
     * @param claim called just before the account is stored, which then may fail
     * @throws UsernameTaken, BadRequest, PasswordTooLong, PasswordTooCommon, LoginQueueFull; what `claim` throws
     */
    async add({ username, password }: Credentials, claim = async () => {}): Promise<StoredUser> {
      if (!isUsername(username))
        throw new errors.BadRequest('Username must be 3 to 30 letters (A–Z, a–z), digits, _ or -')
      if ((await store.readUser(username)) !== null) throw new errors.UsernameTaken(username)
      const user = newUser(username, await hash(username, password))
      await claim()
      try {
        return await store.createUser(user, true)
      } catch (error) {
        throw error instanceof Conflict ? new errors.UsernameTaken(username) : error
      }
    },

    /** Prevents further logins and ends all sessions. @returns how many @throws UserNotFound */
    block: (username: string) => endAllBy(username, { blocked: true }),

    /** @throws UserNotFound */
    unblock: (username: string) => change(username, { blocked: false }),

    /** @throws UserNotFound */
    async setAdmin(username: string, is_admin: boolean): Promise<void> {
      await change(username, { is_admin })
      sessions.events.emit('rights', username, is_admin)
    },

    /** By an operator. Ends all sessions. @returns how many @throws UserNotFound, BadRequest, PasswordTooLong, PasswordTooCommon */
    async setPassword(username: string, password: string): Promise<number> {
      return endAllBy(username, newPassword(await hash(username, password)))
    },

    /** Ends all sessions. @returns how many @throws UserNotFound */
    endSessions: (username: string) => endAllBy(username, {}),

    /** Ends all sessions of the user but this one. @returns how many @throws Unauthorized if it has ended, too */
    endOtherSessions: ({ username, session_id }: Identity): Promise<number> => endAllBy(username, {}, session_id),

    /**
     * Deletes the account of the user: durably marked, without sessions, and never to be used or registered again. The
     * rest follows (plugin `account-deletion`).
     * @param resign called before the account of an administrator is deleted, which then may fail
     * @throws PasswordWrong unless `password` is right at the moment of the deletion; LoginQueueFull; what `resign` throws
     */
    async deleteOwn(
      { username }: Identity,
      password: string,
      messages: MessagesOfDeleted,
      resign: () => Promise<unknown> = async () => {},
    ): Promise<void> {
      for (let deleted = false; !deleted; ) {
        const user = await store.readUser(username)
        if (user === null || !(await passwords.verify(password, user.password_hash || null))) {
          throw new errors.PasswordWrong()
        }
        if (user.is_admin) await resign()
        // Null if the account changed in between: its password may be another one.
        deleted = (await sessions.endAllBy(user, deletionOf(messages))) !== null
      }
    },

    /** By an operator, as `deleteOwn`. @returns how many sessions ended @throws UserNotFound */
    delete: (username: string, messages: MessagesOfDeleted) => endAllBy(username, deletionOf(messages)),

    /**
     * By the user, in one of the sessions, which stays; all others end.
     * @returns how many sessions ended
     * @throws PasswordWrong unless `current` is the password at the moment of the change; Unauthorized if the session has
     *   ended; BadRequest, PasswordTooLong, PasswordTooCommon, LoginQueueFull
     */
    async changePassword({ username, session_id }: Identity, current: string, next: string): Promise<number> {
      const user = await store.readUser(username)
      if (user === null || !(await passwords.verify(current, user.password_hash))) throw new errors.PasswordWrong()
      const change = newPassword(await hash(username, next))
      const ended = await sessions.endAllBy(user, change, session_id)
      if (ended === null) throw new errors.PasswordWrong()
      return ended
    },
  }
}

/** @throws UserNotFound, also if the account was deleted */
export async function readExisting(store: Store, username: string): Promise<StoredUser> {
  const user = await store.readUser(username)
  if (user === null || user.deletion !== null) throw new errors.UserNotFound(username)
  return user
}

/** The mark of a deleted account, which takes everything from it that could log in or act. */
const deletionOf = (messages: MessagesOfDeleted) => ({
  ...{ deletion: messages, deleted_at: new Date().toISOString(), deletion_done: false },
  ...{ blocked: true, is_admin: false, ...newPassword('') },
})

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
    generation: 0,
    kept_session: null,
    is_admin: false,
    reset_hash: null,
    reset_expires_at: null,
    deletion: null,
    deleted_at: null,
    deletion_done: false,
  }
}

/** A color derived from the username. */
function colorOf(username: string): string {
  const [first = 0] = createHash('sha256').update(username.toLowerCase()).digest()
  return AVATAR_COLORS[first % AVATAR_COLORS.length] as string
}
