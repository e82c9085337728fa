import type { Static } from '@sinclair/typebox'
import type { Block } from '../../schemas/direct.js'
import type { InviteCreation, Invited, InviteList, InvitePage, NewInvite } from '../../schemas/invite.js'
import type { LogPage, LogQuery } from '../../schemas/log-entry.js'
import type { MemberList, MemberPage } from '../../schemas/member.js'
import type {
  Editing,
  MentionsPage,
  MentionsQuery,
  Message,
  OwnSearchPage,
  OwnSearchQuery,
  Page,
  PageQuery,
  Preview,
  Reacting,
  SearchPage,
  SearchQuery,
  Sending,
  VersionPage,
  VersionsQuery,
} from '../../schemas/message.js'
import type { BanPage, Restricting, Role } from '../../schemas/moderation.js'
import type { Reactions } from '../../schemas/reaction.js'
import type { Reads } from '../../schemas/read-counts.js'
import type { ReadMark } from '../../schemas/read-mark.js'
import type { Room, RoomChange, RoomCreation, RoomList } from '../../schemas/room.js'
import type {
  AccountDeletion,
  Authenticated,
  Login,
  OwnUser,
  PasswordChange,
  PasswordReset,
  Profile,
  ProfileChange,
  Registration,
  SessionList,
  SessionPage,
  SignUp,
} from '../../schemas/user.js'
import { ApiError } from './api-error.js'

export interface HttpOptions {
  /** The server's base URL, such as `https://talkie.example`. */
  base_url: string
  /** The global `fetch` by default. */
  fetch?: typeof fetch
  /** The token, called for each request; without it the browser's cookie authenticates. */
  token?: () => string | undefined
  /** A request without a response fails after this, ms; 30,000 by default. */
  timeout_ms?: number
}

export type Http = ReturnType<typeof createHttp>

interface Call {
  query?: Record<string, string | number | boolean | undefined>
  body?: unknown
}

/**
 * The HTTP API, one method per route.
 * @throws ApiError from every method: the server's error, or `UNREACHABLE` if there was no response
 */
export function createHttp(options: HttpOptions) {
  const base = options.base_url.replace(/\/+$/, '')
  const request = options.fetch ?? fetch

  async function send(method: string, path: string, { query = {}, body }: Call = {}): Promise<Response> {
    const search = new URLSearchParams()
    for (const [name, value] of Object.entries(query)) if (value !== undefined) search.set(name, String(value))
    const token = options.token?.()
    const headers: Record<string, string> = {}
    if (token) headers.authorization = `Bearer ${token}`
    if (body !== undefined) headers['content-type'] = 'application/json'
    // Safari has `AbortSignal.timeout` from version 16 and `search.size` from version 17 only.
    const timeout = new AbortController()
    // Also ends a response that stops halfway, so it is not cleared; an abort after the end has no effect.
    const timer: unknown = setTimeout(() => timeout.abort(), options.timeout_ms ?? 30_000)
    // In Node it must not keep the process alive.
    ;(timer as { unref?: () => void }).unref?.()
    let response: Response
    try {
      response = await request(`${base}${path}${String(search) && `?${search}`}`, {
        method,
        headers,
        signal: timeout.signal,
        ...(body !== undefined && { body: JSON.stringify(body) }),
      })
    } catch (error) {
      throw new ApiError(0, 'UNREACHABLE', error instanceof Error ? error.message : String(error))
    }
    if (!response.ok) throw await errorOf(response)
    return response
  }

  async function json<T>(method: string, path: string, call?: Call): Promise<T> {
    return parsed(await send(method, path, call))
  }
  async function nothing(method: string, path: string, call?: Call): Promise<void> {
    await send(method, path, call)
  }

  async function listed(path: string, cursor: string, query: Call['query']): Promise<{ rooms: Room[]; next?: string }> {
    const response = await send('GET', path, { query })
    const next = nextPage(response.headers.get('link'), base, cursor)
    return { rooms: await parsed<Room[]>(response), ...(next !== null && { next }) }
  }

  const room = (id: string) => `/rooms/${encodeURIComponent(id)}`
  const member = (id: string, username: string) => `${room(id)}/members/${encodeURIComponent(username)}`
  const message = (id: string, seq: number) => `${room(id)}/messages/${seq}`

  return {
    register: (signUp: Static<typeof SignUp>) => json<Authenticated>('POST', '/auth/register', { body: signUp }),
    resetPassword: (reset: PasswordReset) => nothing('POST', '/auth/reset', { body: reset }),
    registration: () => json<Registration>('GET', '/auth/registration'),
    login: (login: Static<typeof Login>) => json<Authenticated>('POST', '/auth/login', { body: login }),
    /** A new token of the same session. */
    refresh: () => json<Authenticated>('POST', '/auth/refresh'),
    /** Ends the session with its tokens, cookie and sockets. */
    logout: () => nothing('POST', '/auth/logout'),
    me: () => json<OwnUser>('GET', '/auth/me'),
    sessions: (query: SessionList = {}) => json<SessionPage>('GET', '/auth/sessions', { query }),
    endSession: (id: string) => nothing('DELETE', `/auth/sessions/${encodeURIComponent(id)}`),
    endOtherSessions: () => nothing('DELETE', '/auth/sessions'),

    /** @returns a page ordered by name; `next` is the `after` of the next page, absent on the last one */
    rooms: (query: Static<typeof RoomList> = {}) => listed('/rooms', 'after', query),
    /** @returns a page of direct conversations, the latest message first; `next` is the `before` of the next page */
    direct: (query: { limit?: number; before?: string } = {}) => listed('/direct', 'before', query),
    openDirect: (usernames: string[]) => json<Room>('POST', '/direct', { body: { usernames } }),
    blocks: () => json<Block[]>('GET', '/users/me/blocks'),
    block: (username: string) => nothing('PUT', `/users/me/blocks/${username}`),
    unblock: (username: string) => nothing('DELETE', `/users/me/blocks/${username}`),
    createRoom: (creation: RoomCreation) => json<Room>('POST', '/rooms', { body: creation }),
    defaultRoom: () => json<Room>('GET', '/rooms/default'),
    room: (id: string) => json<Room>('GET', room(id)),
    changeRoom: (id: string, change: RoomChange) => json<Room>('PATCH', room(id), { body: change }),
    deleteRoom: (id: string) => nothing('DELETE', room(id)),
    join: (id: string, password?: string) =>
      json<Room>('POST', `${room(id)}/join`, { body: password === undefined ? {} : { password } }),
    leave: (id: string, refuse_adding = false) =>
      nothing('POST', `${room(id)}/leave`, { body: refuse_adding ? { refuse_adding } : {} }),
    reads: (id: string) => json<Reads>('GET', `${room(id)}/reads`),
    preview: (id: string) => json<Preview>('GET', `${room(id)}/preview`),
    members: (id: string, query: Static<typeof MemberList> = {}) =>
      json<Static<typeof MemberPage>>('GET', `${room(id)}/members`, { query }),
    addMember: (id: string, username: string) => json<Room>('PUT', member(id, username)),
    removeMember: (id: string, username: string) => nothing('DELETE', member(id, username)),
    setRole: (id: string, username: string, role: Role) =>
      nothing('PUT', `${member(id, username)}/role`, { body: { role } }),
    bans: (id: string, query: Static<typeof MemberList> = {}) => json<BanPage>('GET', `${room(id)}/bans`, { query }),
    ban: (id: string, username: string, body: Restricting = {}) =>
      nothing('PUT', `${room(id)}/bans/${encodeURIComponent(username)}`, { body }),
    unban: (id: string, username: string) => nothing('DELETE', `${room(id)}/bans/${encodeURIComponent(username)}`),
    mute: (id: string, username: string, body: Restricting = {}) =>
      nothing('PUT', `${room(id)}/mutes/${encodeURIComponent(username)}`, { body }),
    moderationLog: (id: string, query: LogQuery = {}) => json<LogPage>('GET', `${room(id)}/log`, { query }),
    unmute: (id: string, username: string) => nothing('DELETE', `${room(id)}/mutes/${encodeURIComponent(username)}`),
    handOver: (id: string, username: string) => json<Room>('PUT', `${room(id)}/owner`, { body: { username } }),

    invites: (id: string, query: InviteList = {}) => json<InvitePage>('GET', `${room(id)}/invites`, { query }),
    createInvite: (id: string, creation: InviteCreation = {}) =>
      json<NewInvite>('POST', `${room(id)}/invites`, { body: creation }),
    revokeInvite: (id: string, invite: number) => nothing('DELETE', `${room(id)}/invites/${invite}`),
    revokeInvitesOf: (id: string, created_by: string) =>
      nothing('DELETE', `${room(id)}/invites`, { query: { created_by } }),
    /** @param code what stands behind `#` in the link */
    lookAtInvite: (code: string) => json<Invited>('POST', '/invites/look', { body: { code } }),
    joinByInvite: (code: string) => json<Room>('POST', '/invites/join', { body: { code } }),

    messages: (id: string, query: PageQuery = {}) => json<Page>('GET', `${room(id)}/messages`, { query }),
    /** Searches all rooms of the user. */
    mentions: (query: MentionsQuery = {}) => json<MentionsPage>('GET', '/mentions', { query }),
    searchOwn: (query: OwnSearchQuery) => json<OwnSearchPage>('GET', '/messages/search', { query }),
    search: (id: string, query: SearchQuery) => json<SearchPage>('GET', `${room(id)}/messages/search`, { query }),
    /** The texts that a message has had, the original one first. */
    versions: (id: string, seq: number, query: VersionsQuery = {}) =>
      json<VersionPage>('GET', `${message(id, seq)}/versions`, { query }),
    send: (id: string, sending: Static<typeof Sending>) =>
      json<Message>('POST', `${room(id)}/messages`, { body: sending }),
    reply: (id: string, seq: number, { reply_to: _, ...replying }: Static<typeof Sending>) =>
      json<Message>('POST', `${message(id, seq)}/reply`, { body: replying }),
    edit: (id: string, seq: number, editing: Static<typeof Editing>) =>
      json<Message>('PUT', message(id, seq), { body: editing }),
    /** Lets the user react to a message from now on, or no longer. @returns the present reactions */
    react: (id: string, seq: number, body: Static<typeof Reacting>) =>
      json<Reactions>('PUT', `${message(id, seq)}/reactions`, { body }),
    delete: (id: string, seq: number, client_id?: string) =>
      nothing('DELETE', message(id, seq), { query: { client_id } }),
    markRead: (id: string, seq: number) => json<ReadMark>('PUT', `${room(id)}/read`, { body: { seq } }),

    profile: (username: string) => json<Profile>('GET', `/users/${encodeURIComponent(username)}/profile`),
    changeProfile: (change: ProfileChange) => json<Profile>('PUT', '/users/me/profile', { body: change }),

    /** Ends this session, too. */
    deleteAccount: (deletion: AccountDeletion) => nothing('DELETE', '/users/me', { body: deletion }),
    changePassword: (change: PasswordChange) => nothing('PUT', '/users/me/password', { body: change }),

    /** For `createAdminHttp`, which is a part of its own because few users need it. */
    sender: { json, nothing },

    health: () => json<unknown>('GET', '/health'),
    /** @throws ApiError 503 if the server is not ready */
    ready: () => json<unknown>('GET', '/ready'),
    metrics: async () => (await send('GET', '/metrics')).text(),
  }
}

async function parsed<T>(response: Response): Promise<T> {
  try {
    return (await response.json()) as T
  } catch {
    throw new ApiError(response.status, 'BAD_ANSWER', 'The response is not JSON')
  }
}

/** A proxy in front of the server may respond in its own format, so nothing is assumed about the body. */
async function errorOf(response: Response): Promise<ApiError> {
  const body = (await response.json().catch(() => null)) as {
    code?: unknown
    message?: unknown
    until?: unknown
  } | null
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN)
  return new ApiError(
    response.status,
    typeof body?.code === 'string' ? body.code : `HTTP_${response.status}`,
    typeof body?.message === 'string' ? body.message : response.statusText,
    Number.isFinite(seconds) ? seconds * 1000 : undefined,
    typeof body?.until === 'string' ? body.until : undefined,
  )
}

function nextPage(link: string | null, base: string, cursor: string): string | null {
  const next = link?.match(/<([^>]*)>\s*;\s*rel="?next"?/)?.[1]
  return next === undefined ? null : new URL(next, `${base}/`).searchParams.get(cursor)
}
