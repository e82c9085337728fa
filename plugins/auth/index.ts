import jwt from '@fastify/jwt'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { errors } from '../../schemas/error.js'
import {
  type Credentials,
  isCurrent,
  type OwnSession,
  type OwnUser,
  ownPart,
  type Registration,
  type SessionList,
  type SessionPage,
  type StoredUser,
} from '../../schemas/user.js'
import { limits, type RegistrationMode } from '../../schemas/wire.js'
import type { Store } from '../store/index.js'
import { createAccounts, isReserved, isUsername } from './accounts.js'
import { createPasswords, type Passwords } from './passwords.js'
import { createRegistrationMode } from './registration.js'
import { openSessions, type Sessions, type Usage } from './sessions.js'
import { storedSessions } from './stored-sessions.js'
import { createTokens, type Identity, type Tokens } from './tokens.js'

export type { Usage } from './sessions.js'
export type { Identity } from './tokens.js'

declare module 'fastify' {
  interface FastifyInstance {
    auth: Auth
  }
}

export type Auth = ReturnType<typeof createAuth>

export interface LoggedIn {
  token: string
  user: OwnUser
  identity: Identity
}

/** Accounts, their sessions, and the tokens that identify a session. */
export function createAuth(
  store: Store,
  sessions: Sessions,
  passwords: Passwords,
  tokens: Tokens,
  configured: RegistrationMode = 'open',
) {
  const modes = createRegistrationMode(store, configured)
  const accounts = createAccounts(store, sessions, passwords)

  /**
   * @param claim of an invitation, which opens registration by invitation; called just before the account is stored
   * @throws RegistrationClosed, InvitationRequired, UsernameReserved, UsernameTaken, PasswordTooLong, PasswordTooCommon, BadRequest, LoginQueueFull
   */
  async function register(credentials: Credentials, usage?: Usage, claim?: () => Promise<void>): Promise<LoggedIn> {
    const mode = await modes.read()
    if (mode === 'closed') throw new errors.RegistrationClosed()
    if (mode === 'invite' && !claim) throw new errors.InvitationRequired()
    if (isReserved(credentials.username)) throw new errors.UsernameReserved(credentials.username)
    return openSession(await accounts.add(credentials, claim), usage)
  }

  /** Fails in the same way and time for an unknown user, a wrong password and a blocked user. @throws LoginFailed, LoginQueueFull */
  async function login(username: string, password: string, usage?: Usage): Promise<LoggedIn> {
    const user = isUsername(username) ? await store.readUser(username) : null
    const isRight = await passwords.verify(password, user === null || user.blocked ? null : user.password_hash)
    if (user === null || !isRight) throw new errors.LoginFailed()
    return openSession(user, usage)
  }

  /** @throws LoginFailed if the account was blocked or its password changed in the meantime */
  async function openSession(user: StoredUser, usage?: Usage): Promise<LoggedIn> {
    const expires_at = tokens.expiry()
    const session_id = await sessions.open(user, expires_at, usage)
    const identity = { username: user.username, session_id, expires_at }
    // Such a session is not valid anyway; its client is told so at once.
    const now = await store.readUser(user.username)
    if (now?.generation !== user.generation) {
      await sessions.end(identity)
      throw new errors.LoginFailed()
    }
    return { token: tokens.sign(identity), user: ownPart(user), identity }
  }

  /** A new token of the same session. The old one stays valid until it expires. @throws Unauthorized */
  async function refresh(identity: Identity): Promise<LoggedIn> {
    const next = { ...identity, expires_at: tokens.expiry() }
    await sessions.extend(identity.session_id, next.expires_at)
    const found = await store.readUser(identity.username)
    const session = await store.readSession(identity.session_id)
    if (found === null || session === null || !isCurrent(session, found)) throw new errors.Unauthorized()
    return { token: tokens.sign(next), user: ownPart(found), identity: next }
  }

  /** @param address from which the token came @throws Unauthorized if it is invalid, expired or revoked; StoreUnavailable */
  async function authenticate(token: string, address = ''): Promise<Identity> {
    const identity = tokens.read(token)
    if (identity === null || !(await sessions.isGood(identity))) throw new errors.Unauthorized()
    sessions.note(identity.session_id, address)
    return identity
  }

  /** The user's valid sessions, by id. */
  async function listSessions({ username, session_id }: Identity, query: SessionList): Promise<SessionPage> {
    const { limit = limits.PAGE_DEFAULT, after } = query
    const user = await store.readUser(username)
    const found: OwnSession[] = []
    for await (const session of storedSessions(store, username, after)) {
      if (user === null || !isCurrent(session, user) || Date.parse(session.expires_at) < Date.now()) continue
      if (found.length === limit) return { sessions: found, has_more: true }
      const { id, device, address, created_at, last_seen_at } = session
      found.push({ id, device, address, created_at, last_seen_at, is_current: id === session_id })
    }
    return { sessions: found, has_more: false }
  }

  /** @throws SessionNotFound unless it is a valid session of the user */
  async function endSession({ username }: Identity, id: string): Promise<void> {
    const session = await store.readSession(id)
    const user = await store.readUser(username)
    if (session?.username !== user?.username || !session || !user || !isCurrent(session, user)) {
      throw new errors.SessionNotFound()
    }
    await sessions.end({ session_id: id, username: user.username, expires_at: Date.parse(session.expires_at) })
  }

  /** How an account can be created now. */
  async function registration(): Promise<Registration> {
    return { mode: await modes.read(), first_is_admin: !(await store.hadUsers()) }
  }

  /** @throws Unauthorized if the user does not exist */
  async function me(username: string): Promise<OwnUser> {
    const user = await store.readUser(username)
    if (user === null) throw new errors.Unauthorized()
    return ownPart(user)
  }

  return {
    registration,
    /** See `createRegistrationMode`. */
    setRegistration: modes.set,
    me,
    register,
    login,
    refresh,
    authenticate,
    /** Ends the session: its tokens are rejected immediately, by other servers within a second. */
    logout: sessions.end,
    listSessions,
    endSession,
    endOtherSessions: accounts.endOtherSessions,
    changePassword: accounts.changePassword,
    deleteOwn: accounts.deleteOwn,
    /** For administrators and the operator; who may use it is checked by the caller. */
    accounts,
    resetPassword: accounts.resets.use,
    isGood: sessions.isGood,
    note: sessions.note,
    hasEnded: sessions.hasEnded,
    events: sessions.events,
    /** See `Sessions`. */
    assertCurrent: sessions.assertCurrent,
    untilCurrent: sessions.untilCurrent,
    hashPassword: passwords.hash,
    verifyPassword: passwords.verify,
    /** Logins and registrations that wait for a hashing thread. */
    waiting: passwords.waiting,
  }
}

async function auth(fastify: FastifyInstance) {
  const { config, store } = fastify
  await fastify.register(jwt, {
    secret: config.JWT_SECRET,
    sign: { algorithm: 'HS256' },
    verify: { algorithms: ['HS256'], requiredClaims: ['sub', 'sid', 'exp'] },
  })
  const passwords = createPasswords(config.BCRYPT_COST)
  const sessions = await openSessions(store, fastify.log)
  fastify.addHook('onClose', async () => {
    await sessions.close()
    await passwords.close()
  })
  fastify.decorate(
    'auth',
    createAuth(store, sessions, passwords, createTokens(fastify.jwt, config.JWT_EXPIRY), config.REGISTRATION),
  )
}

export default fp(auth, { name: 'auth', dependencies: ['config', 'store'] })
