import { createHash } from 'node:crypto'
import cookie from '@fastify/cookie'
import jwt from '@fastify/jwt'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { errors } from '../../schemas/error.js'
import type { Credentials, StoredUser, User } from '../../schemas/user.js'
import { limits, USERNAME_PATTERN } from '../../schemas/wire.js'
import { list } from '../config.js'
import { Conflict, type Store } from '../store/store.js'
import { createPasswords, type Passwords } from './passwords.js'
import { isOurOrigin, tokenOf } from './requests.js'
import { openSessions, type Sessions } from './sessions.js'
import { createTokens, type Identity, type Tokens } from './tokens.js'

export type { Identity } from './tokens.js'

declare module 'fastify' {
  interface FastifyInstance {
    auth: Auth
    /** A hook for routes that need to know who asks. @throws Unauthorized, or what hindered finding out */
    requireIdentity: (request: FastifyRequest) => Promise<void>
    /** Whether a browser's page that sent this request may use the cookie. */
    isOurOrigin: (request: FastifyRequest) => boolean
  }
  interface FastifyRequest {
    /** Who asks; null where there is no token or none that is good. */
    identity: Identity | null
    /** Who asks, where the route requires it (`requireIdentity`). */
    readonly username: string
    /** Why a token that was sent gave no identity. */
    identityFault: Error | null
  }
}

const isUsername = new RegExp(USERNAME_PATTERN)

export type Auth = ReturnType<typeof createAuth>

export interface LoggedIn {
  token: string
  user: User
  identity: Identity
}

/** Who may speak: accounts, their sessions, and the tokens that name a session. */
export function createAuth(store: Store, sessions: Sessions, passwords: Passwords, tokens: Tokens) {
  /** @throws UsernameTaken, PasswordTooLong, BadRequest, LoginQueueFull */
  async function register({ username, password }: Credentials): Promise<LoggedIn> {
    // The schema counted before NFC, which can make fewer of them.
    if ([...password.normalize('NFC')].length < limits.PASSWORD_MIN) {
      throw new errors.BadRequest(`A password has at least ${limits.PASSWORD_MIN} characters`)
    }
    if ((await store.readUser(username)) !== null) throw new errors.UsernameTaken(username)
    const user: StoredUser = {
      username,
      display_name: username,
      bio: '',
      avatar_color: colorOf(username),
      status: 'available',
      created_at: new Date().toISOString(),
      password_hash: await passwords.hash(password),
    }
    try {
      await store.createUser(user)
    } catch (error) {
      throw error instanceof Conflict ? new errors.UsernameTaken(username) : error
    }
    return openSession(user)
  }

  /** The same answer after the same time whether the user or the password is wrong. @throws LoginFailed, LoginQueueFull */
  async function login(username: string, password: string): Promise<LoggedIn> {
    const user = isUsername.test(username) ? await store.readUser(username) : null
    const isRight = await passwords.verify(password, user?.password_hash ?? null)
    if (user === null || !isRight) throw new errors.LoginFailed()
    return openSession(user)
  }

  async function openSession({ password_hash: _, ...user }: StoredUser): Promise<LoggedIn> {
    const expires_at = tokens.expiry()
    const session_id = await sessions.open(user.username, expires_at)
    const identity = { username: user.username, session_id, expires_at }
    return { token: tokens.sign(identity), user, identity }
  }

  /** Another token of the same session. The one at hand stays good until it expires. @throws Unauthorized */
  async function refresh(identity: Identity): Promise<LoggedIn> {
    const found = await store.readUser(identity.username)
    if (found === null) throw new errors.Unauthorized()
    const next = { ...identity, expires_at: tokens.expiry() }
    await sessions.extend(identity.session_id, next.expires_at)
    const { password_hash: _, ...user } = found
    return { token: tokens.sign(next), user, identity: next }
  }

  /** @throws Unauthorized for every token that is not good any more, whatever the reason; StoreUnavailable */
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
    tokenOf,
    /** Ends the identity's session: its tokens are refused from now on, by other servers within a second. */
    logout: sessions.end,
    /** @returns what ends the listening */
    onEnded: sessions.onEnded,
    /** Null where no session can have ended over a second ago without our knowing; else see `Sessions`. */
    assertCurrent: sessions.assertCurrent,
    untilCurrent: sessions.untilCurrent,
    hashPassword: passwords.hash,
    verifyPassword: passwords.verify,
    /** Logins and registrations that wait for a thread to hash in. */
    waiting: passwords.waiting,
  }
}

/** A colour of one's own, never too light or too dark for white letters. */
function colorOf(username: string): string {
  const [hue, r = 0, g = 0] = createHash('sha256').update(username.toLowerCase()).digest()
  const channels = [64 + (r % 96), 64 + (g % 96), 160]
  return `#${[0, 1, 2].map(at => (channels[(at + (hue ?? 0)) % 3] as number).toString(16)).join('')}`
}

const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

// After `security`, whose hook must have run before this one refuses a request.
async function auth(fastify: FastifyInstance) {
  const { config, store } = fastify
  await fastify.register(cookie)
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
  const capability = createAuth(store, sessions, passwords, createTokens(fastify.jwt, config.JWT_EXPIRY))
  fastify.decorate('auth', capability)

  const allowed: ReadonlySet<string> = new Set(list(config.ALLOWED_ORIGINS))
  fastify.decorate('isOurOrigin', request => isOurOrigin(request, allowed))
  fastify.decorateRequest('identity', null)
  fastify.decorateRequest('identityFault', null)
  fastify.decorateRequest('username', {
    getter() {
      return (this.identity as Identity).username
    },
  })
  fastify.addHook('onRequest', async request => {
    const found = tokenOf(request)
    if (found === null) return
    if (found.from === 'cookie' && !SAFE_METHODS.has(request.method) && !isOurOrigin(request, allowed)) {
      throw new errors.OriginRefused()
    }
    try {
      request.identity = await capability.authenticate(found.token)
    } catch (error) {
      request.identityFault = error as Error
    }
  })
  fastify.decorate('requireIdentity', async request => {
    if (request.identity === null) throw request.identityFault ?? new errors.Unauthorized()
  })
}

export default fp(auth, { name: 'auth', dependencies: ['config', 'store', 'errors', 'security'] })
