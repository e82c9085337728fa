import type { Static } from '@sinclair/typebox'
import type {
  AdminRoomList,
  AdminRoomPage,
  AdminUserList,
  AdminUserPage,
  Announcing,
  AuditPage,
  AuditQuery,
  Figures,
} from '../../schemas/administration.js'
import type { Message } from '../../schemas/message.js'
import type { MessagesOfDeleted, ResetLink, SessionList, SessionPage } from '../../schemas/user.js'
import type { RegistrationMode } from '../../schemas/wire.js'

interface Call {
  query?: Record<string, string | number | boolean | undefined>
  body?: unknown
}

interface Sender {
  json<T>(method: string, path: string, call?: Call): Promise<T>
  nothing(method: string, path: string, call?: Call): Promise<void>
}

export type AdminHttp = ReturnType<typeof createAdminHttp>

/** The part of the HTTP API that only administrators find; everybody else gets `NOT_FOUND`. */
export function createAdminHttp({ json, nothing }: Sender) {
  const user = (username: string) => `/admin/users/${encodeURIComponent(username)}`
  const room = (id: string) => `/admin/rooms/${encodeURIComponent(id)}`

  return {
    users: (query: AdminUserList = {}) => json<AdminUserPage>('GET', '/admin/users', { query }),
    block: (username: string) => nothing('PUT', `${user(username)}/block`),
    unblock: (username: string) => nothing('DELETE', `${user(username)}/block`),
    appoint: (username: string) => nothing('PUT', `${user(username)}/admin`),
    /** For good. */
    deleteUser: (username: string, messages: MessagesOfDeleted) =>
      nothing('DELETE', user(username), { query: { messages } }),
    dismiss: (username: string) => nothing('DELETE', `${user(username)}/admin`),
    makeResetLink: (username: string) => json<ResetLink>('POST', `${user(username)}/reset`),
    sessions: (username: string, query: SessionList = {}) =>
      json<SessionPage>('GET', `${user(username)}/sessions`, { query }),
    endSession: (username: string, id: string) =>
      nothing('DELETE', `${user(username)}/sessions/${encodeURIComponent(id)}`),
    endSessions: (username: string) => nothing('DELETE', `${user(username)}/sessions`),

    rooms: (query: AdminRoomList = {}) => json<AdminRoomPage>('GET', '/admin/rooms', { query }),
    deleteRoom: (id: string) => nothing('DELETE', room(id)),
    takeOver: (id: string) => nothing('POST', `${room(id)}/takeover`),

    announce: (announcing: Static<typeof Announcing>) =>
      json<Message>('POST', '/admin/announcements', { body: announcing }),
    setRegistration: (mode: RegistrationMode) => nothing('PUT', '/admin/registration', { body: { mode } }),
    audit: (query: AuditQuery = {}) => json<AuditPage>('GET', '/admin/audit', { query }),
    figures: () => json<Figures>('GET', '/admin/figures'),
  }
}
