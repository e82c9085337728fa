import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Identity, LoggedIn } from '../../plugins/auth/index.js'
import { COOKIE } from '../../plugins/auth/requests.js'
import { changeErrors, errorAnswers, readErrors } from '../../schemas/error.js'
import { Authenticated, Credentials, Login, User } from '../../schemas/user.js'

const tags = ['auth']
const openErrors = [
  ...(['BadRequest', 'OriginRefused', 'BodyTooLarge', 'MediaTypeRefused'] as const),
  ...(['RateLimited', 'LoginQueueFull', 'Internal', 'StoreUnavailable'] as const),
]

const register = {
  summary: 'Make an account and log in',
  description: 'Sets the cookie too. An account is a member of the default room from the start.',
  operationId: 'register',
  tags,
  security: [],
  body: Credentials,
  response: { 201: Authenticated, ...errorAnswers(...openErrors, 'UsernameTaken', 'PasswordTooLong') },
}

const login = {
  summary: 'Log in',
  description: 'Opens a session and sets the cookie too. An unknown user and a wrong password are answered alike.',
  operationId: 'login',
  tags,
  security: [],
  body: Login,
  response: { 200: Authenticated, ...errorAnswers(...openErrors, 'LoginFailed') },
}

const refresh = {
  summary: 'Get a new token of the same session',
  description: 'The one at hand stays good until it expires; sockets stay open. Sets the cookie too.',
  operationId: 'refresh',
  tags,
  response: { 200: Authenticated, ...changeErrors() },
}

const logout = {
  summary: 'End the session',
  description: 'Its tokens are refused and its sockets closed, on every server within a second.',
  operationId: 'logout',
  tags,
  response: { 204: Type.Null({ description: 'The session has ended' }), ...changeErrors() },
}

const me = {
  summary: 'Who I am',
  operationId: 'getMe',
  tags,
  response: { 200: User, ...readErrors() },
}

/** The answer, with the cookie that browsers send instead of the token; scripts of a page can't read it. */
function loggedIn(request: FastifyRequest, reply: FastifyReply, { token, user, identity }: LoggedIn) {
  const expires = new Date(identity.expires_at)
  reply.setCookie(COOKIE, token, { ...cookieOf(request), expires })
  return { token, user }
}

function cookieOf(request: FastifyRequest) {
  return { path: '/', httpOnly: true, sameSite: 'strict', secure: request.protocol === 'https' } as const
}

export default (async fastify => {
  const { auth, limits, users } = fastify
  const perAddress = { rateLimit: limits.perAddress }
  const onRequest = fastify.requireIdentity

  fastify.post('/register', { schema: register, config: perAddress }, async (request, reply) => {
    const account = await auth.register(request.body)
    reply.code(201)
    return loggedIn(request, reply, account)
  })

  const loginOptions = { schema: login, config: perAddress, preHandler: limits.loginTry }
  fastify.post('/login', loginOptions, async (request, reply) =>
    loggedIn(request, reply, await auth.login(request.body.username, request.body.password)),
  )

  fastify.post('/refresh', { schema: refresh, onRequest }, async (request, reply) =>
    loggedIn(request, reply, await auth.refresh(request.identity as Identity)),
  )

  fastify.post('/logout', { schema: logout, onRequest }, async (request, reply) => {
    await auth.logout(request.identity as Identity)
    return reply.clearCookie(COOKIE, cookieOf(request)).code(204).send(null)
  })

  fastify.get('/me', { schema: me, onRequest }, ({ username }) => users.read(username))
}) satisfies FastifyPluginAsyncTypebox
