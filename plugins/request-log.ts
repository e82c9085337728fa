import { type FastifyInstance, type FastifyReply, type FastifyRequest, LogController } from 'fastify'
import fp from 'fastify-plugin'
import { USERNAME_PATTERN } from '../schemas/wire.js'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Every request of the route also writes an audit line with this value of `audit`, whatever its outcome. */
    audit?:
      | 'register'
      | 'login'
      | 'logout'
      | 'session_ended'
      | 'password_changed'
      | 'account_deleted'
      | 'account_exported'
      | 'password_reset'
      | 'reset_link_made'
      | 'user_blocked'
      | 'user_unblocked'
      | 'admin_appointed'
      | 'admin_dismissed'
      | 'member_removed'
      | 'role_changed'
      | 'user_banned'
      | 'user_unbanned'
      | 'user_muted'
      | 'user_unmuted'
      | 'room_changed'
      | 'room_deleted'
      | 'owner_changed'
      | 'registration_changed'
      | 'invitation_made'
      | 'invitation_revoked'
      | 'invitation_used'
      | 'announced'
  }
}

/** Writes one line for each request, when it has been answered. */
export class RequestLog extends LogController {
  override incomingRequest() {}

  override requestCompleted(_error: unknown, request: FastifyRequest, reply: FastifyReply) {
    logRequest(request, reply, reply.statusCode)
  }
}

function logRequest(request: FastifyRequest, { elapsedTime }: FastifyReply, status: number) {
  const { method, ip: address, identity } = request
  // Not the query, which holds search words.
  const path = request.url.split('?', 1)[0] as string
  const route = request.routeOptions.url
  const ms = Math.round(elapsedTime * 10) / 10
  request.log.info(
    { method, route, path, status, user: identity?.username, address, ms },
    `${method} ${route ?? path} ${status} in ${ms} ms`,
  )
}

const isUsername = new RegExp(USERNAME_PATTERN)

/** The user that a request is about. Only what may be a username: some people type their password into the wrong field. */
function userOf({ identity, body }: FastifyRequest): string | undefined {
  if (identity) return identity.username
  const { username } = (body ?? {}) as { username?: unknown }
  return typeof username === 'string' && isUsername.test(username) ? username : undefined
}

/** An id for every request, in the response and in the log; a line for every WebSocket; and the audit lines. */
async function requestLog(fastify: FastifyInstance) {
  fastify.addHook('onSend', (request, reply, payload, done) => {
    reply.header('x-request-id', request.id)
    done(null, payload)
  })
  // An upgraded request has no response that could be completed.
  fastify.addHook('preHandler', (request, reply, done) => {
    if (request.ws) logRequest(request, reply, 101)
    done()
  })
  fastify.addHook('onResponse', (request, reply, done) => {
    const { audit } = request.routeOptions.config
    if (audit !== undefined) {
      const user = userOf(request)
      const outcome = reply.statusCode < 400 ? 'succeeded' : 'failed'
      const { id: room_id, username: member } = request.params as { id?: string; username?: string }
      const details = { audit, outcome, status: reply.statusCode, user, room_id, member, address: request.ip }
      request.log.info(details, `audit: ${audit} by ${user ?? 'unknown'} ${outcome}`)
    }
    done()
  })
}

export default fp(requestLog, { name: 'request-log', dependencies: ['ws'] })
