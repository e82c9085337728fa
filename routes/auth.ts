import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { deviceOf } from '../plugins/auth/device.js'
import type { Identity, LoggedIn } from '../plugins/auth/index.js'
import { prices } from '../plugins/budgets/index.js'
import { PLAIN_COOKIE } from '../plugins/identity.js'
import { changeErrors, errorAnswers, readErrors } from '../schemas/error.js'
import { Authenticated, Login, OwnUser, PasswordReset, Registration, SignUp } from '../schemas/user.js'

const tags = ['auth']
const openErrors = [
  ...(['BadRequest', 'OriginRefused', 'BodyTooLarge', 'MediaTypeRefused'] as const),
  ...(['RateLimited', 'LoginQueueFull', 'Internal', 'StoreUnavailable'] as const),
]

const register = {
  summary: 'Create an account',
  description:
    'Creates an account, opens a session and returns its token, which is also set as a cookie. A new account is a member of the default room, and of the room of its invitation, unless that failed; then join by the invitation again. The first account of a server becomes an administrator.',
  operationId: 'register',
  tags,
  security: [],
  body: SignUp,
  response: {
    201: { ...Authenticated, description: 'The account was created' },
    ...errorAnswers(
      ...openErrors,
      'RegistrationClosed',
      'InvitationRequired',
      'InvitationInvalid',
      'RoomFull',
      'UsernameReserved',
      'UsernameTaken',
      'PasswordTooLong',
      'PasswordTooCommon',
    ),
  },
}

const registration = {
  summary: 'How accounts can be created',
  operationId: 'getRegistration',
  tags,
  security: [],
  response: {
    200: { ...Registration, description: 'Who can register' },
    ...errorAnswers('BadRequest', 'RateLimited', 'Internal', 'StoreUnavailable'),
  },
}

const login = {
  summary: 'Log in',
  description:
    'Opens a session and returns its token, which is also set as a cookie. An unknown username and a wrong password get the same response.',
  operationId: 'login',
  tags,
  security: [],
  body: Login,
  response: {
    200: { ...Authenticated, description: 'The session was opened' },
    ...errorAnswers(...openErrors, 'LoginFailed'),
  },
}

const reset = {
  summary: 'Set a new password with a link',
  description:
    'For users who forgot their password: an administrator makes the link. It works once and ends all sessions.',
  operationId: 'resetPassword',
  tags,
  security: [],
  body: PasswordReset,
  response: {
    204: Type.Null({ description: 'The password was set' }),
    ...errorAnswers(...openErrors, 'ResetCodeInvalid', 'PasswordTooLong', 'PasswordTooCommon'),
  },
}

const refresh = {
  summary: 'Refresh the token',
  description:
    'Returns a new token for the current session, which is also set as a cookie. The old token stays valid until it expires, and open sockets stay connected.',
  operationId: 'refresh',
  tags,
  response: { 200: { ...Authenticated, description: 'The new token' }, ...changeErrors() },
}

const logout = {
  summary: 'Log out',
  description: 'Ends the current session. Within a second, every server rejects its tokens and closes its sockets.',
  operationId: 'logout',
  tags,
  response: { 204: Type.Null({ description: 'The session has ended' }), ...changeErrors() },
}

const me = {
  summary: 'Get the authenticated user',
  operationId: 'getMe',
  tags,
  response: { 200: { ...OwnUser, description: 'The authenticated user' }, ...readErrors() },
}

/** The response, with the cookie that browsers send in place of the token; scripts of a page cannot read it. */
function loggedIn(request: FastifyRequest, reply: FastifyReply, { token, user, identity }: LoggedIn) {
  const expires = new Date(identity.expires_at)
  clearPlainCookie(request, reply)
  reply.setCookie(request.server.cookieName, token, { ...cookieOf(request), expires })
  return { token, user }
}

/** If the request was authenticated by it; otherwise the cookie may be that of another server on this host. */
function clearPlainCookie(request: FastifyRequest, reply: FastifyReply) {
  if (request.identity !== null && request.cookies[PLAIN_COOKIE] === request.token?.token) {
    reply.clearCookie(PLAIN_COOKIE, cookieOf(request))
  }
}

function cookieOf(request: FastifyRequest) {
  return { path: '/', httpOnly: true, sameSite: 'strict', secure: request.protocol === 'https' } as const
}

export default (async fastify => {
  const { auth, limits, rooms } = fastify
  const onRequest = fastify.requireIdentity
  const remember = (request: FastifyRequest, username: string) =>
    limits.wrongLogins.remember(username, limits.addressOf(request))

  const usageOf = (request: FastifyRequest) => ({
    device: deviceOf(request.headers['user-agent']),
    address: request.ip,
  })

  async function preHandler(request: FastifyRequest) {
    await request.turn(prices.login)
  }

  const registerOptions = {
    schema: register,
    config: { rateLimit: limits.registrations, audit: 'register' as const },
    preHandler,
  }
  fastify.post('/auth/register', registerOptions, async (request, reply) => {
    const { invitation, ...credentials } = request.body
    const created =
      invitation === undefined
        ? await auth.register(credentials, usageOf(request))
        : await rooms.signUp(credentials, invitation, usageOf(request))
    remember(request, created.user.username)
    reply.code(201)
    return loggedIn(request, reply, created)
  })

  fastify.get('/auth/registration', { schema: registration }, () => auth.registration())

  const loginOptions = { schema: login, config: { rateLimit: limits.logins, audit: 'login' as const }, preHandler }
  fastify.post('/auth/login', loginOptions, async (request, reply) => {
    const { username, password } = request.body
    const opened = await limits.wrongLogins.run(username, limits.addressOf(request), () =>
      auth.login(username, password, usageOf(request)),
    )
    return loggedIn(request, reply, opened)
  })

  const resetOptions = {
    schema: reset,
    config: { rateLimit: limits.logins, audit: 'password_reset' as const },
    preHandler,
  }
  fastify.post('/auth/reset', resetOptions, async (request, reply) => {
    const ended = await auth.resetPassword(request.body.code, request.body.new_password)
    await request.turn(ended * prices.ended_session)
    return reply.code(204).send(null)
  })

  fastify.post('/auth/refresh', { schema: refresh, onRequest }, async (request, reply) => {
    remember(request, request.username)
    return loggedIn(request, reply, await auth.refresh(request.identity as Identity))
  })

  fastify.post('/auth/logout', { schema: logout, onRequest, config: { audit: 'logout' } }, async (request, reply) => {
    await auth.logout(request.identity as Identity)
    clearPlainCookie(request, reply)
    return reply.clearCookie(fastify.cookieName, cookieOf(request)).code(204).send(null)
  })

  fastify.get('/auth/me', { schema: me, onRequest }, request => {
    // After a restart the server learns again where its users are.
    remember(request, request.username)
    return auth.me(request.username)
  })
}) satisfies FastifyPluginAsyncTypebox
