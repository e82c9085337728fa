import jwt from '@fastify/jwt'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { errors } from '../../schemas/error.js'
import { type Credentials, publicPart, type StoredUser, type User } from '../../schemas/user.js'
import type { Store } from '../store/index.js'
import { createAccounts, isReserved, isUsername } from './accounts.js'
import { createPasswords, type Passwords } from './passwords.js'
import { openSessions, type Sessions } from './sessions.js'
import { createTokens, type Identity, type Tokens } from './tokens.js'

export type { Identity } from './tokens.js'

declare module 'fastify' {
  interface FastifyInstance {
    auth: Auth
  }
}

export type Auth = ReturnType<typeof createAuth>

export interface LoggedIn {
  token: string
  user: User
  identity: Identity
}

/** Accounts, their sessions, and the tokens that identify a session. */
export function createAuth(store: Store, sessions: Sessions, passwords: Passwords, tokens: Tokens) {
  const accounts = createAccounts(store, sessions, passwords)

  /** @throws UsernameReserved, UsernameTaken, PasswordTooLong, PasswordTooCommon, BadRequest, LoginQueueFull */
  async function register(credentials: Credentials): Promise<LoggedIn> {
    if (isReserved(credentials.username)) throw new errors.UsernameReserved(credentials.username)
    return openSession(await accounts.add(credentials))
  }

  /** Fails in the same way and time for an unknown user, a wrong password and a blocked user. @throws LoginFailed, LoginQueueFull */
  async function login(username: string, password: string): Promise<LoggedIn> {
    const user = isUsername(username) ? await store.readUser(username) : null
    const isRight = await passwords.verify(password, user === null || user.blocked ? null : user.password_hash)
    if (user === null || !isRight) throw new errors.LoginFailed()
    return openSession(user)
  }

  /** @throws LoginFailed if the account was blocked or its password changed in the meantime */
  async function openSession(user: StoredUser): Promise<LoggedIn> {
    const expires_at = tokens.expiry()
    const session_id = await sessions.open(user.username, expires_at)
    const identity = { username: user.username, session_id, expires_at }
    // A change of the account ends the sessions stored by then; ours may have been stored after that.
    const now = await store.readUser(user.username)
    if (now === null || now.blocked || now.password_hash !== user.password_hash) {
      await sessions.end(identity)
      throw new errors.LoginFailed()
    }
    return { token: tokens.sign(identity), user: publicPart(user), identity }
  }

  /** A new token of the same session. The old one stays valid until it expires. @throws Unauthorized */
  async function refresh(identity: Identity): Promise<LoggedIn> {
    const found = await store.readUser(identity.username)
    if (found === null) throw new errors.Unauthorized()
    const next = { ...identity, expires_at: tokens.expiry() }
    await sessions.extend(identity.session_id, next.expires_at)
    return { token: tokens.sign(next), user: publicPart(found), identity: next }
  }

  /** @throws Unauthorized if the token is invalid, expired or revoked; StoreUnavailable */
  async function authenticate(token: string): Promise<Identity> {
    const identity = tokens.read(token)
    if (identity === null || !(await sessions.isGood(identity))) throw new errors.Unauthorized()
    return identity
  }

  return {
    register,
    login,
    refresh,
    authenticate,
    /** Ends the session: its tokens are rejected immediately, by other servers within a second. */
    logout: sessions.end,
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
  fastify.decorate('auth', createAuth(store, sessions, passwords, createTokens(fastify.jwt, config.JWT_EXPIRY)))
}

export default fp(auth, { name: 'auth', dependencies: ['config', 'store'] })
