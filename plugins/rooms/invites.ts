import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { errors, rateLimited } from '../../schemas/error.js'
import type { Invite, InviteCreation, Invited, InviteList, InvitePage, NewInvite } from '../../schemas/invite.js'
import { type Room, RoomId, type RoomRecord } from '../../schemas/room.js'
import type { InviteRow, StoredInvite } from '../../schemas/stored-invite.js'
import type { Credentials } from '../../schemas/user.js'
import { limits } from '../../schemas/wire.js'
import type { Auth, LoggedIn, Usage } from '../auth/index.js'
import type { RoomLog, RoomView } from '../room-log/index.js'
import type { Store } from '../store/index.js'
import { asAdmin, assertModerator, isDefault, type Person, personOf } from './access.js'
import { type Admit, assertNotBanned, assertNotFull } from './admit.js'
import type { List } from './list.js'

const SECRET_BYTES = 16
/** How long a use is kept for a user who is signing up. Storing the account takes much less, unless the server dies. */
const CLAIM_MS = 10 * 60_000
/** Claims of one invitation that hold at the same time. */
const CLAIMS_MAX = 100

const roomIds = new RegExp(RoomId.pattern as string)
const hashOf = (text: string) => createHash('sha256').update(text).digest('base64url')
const claimOf = (username: string) => hashOf(username.toLowerCase())

/** A code is the room's id and a secret, of which only the hash is stored. */
function parse(code: string) {
  const at = code.lastIndexOf('.')
  const room_id = code.slice(0, Math.max(at, 0))
  return { room_id: roomIds.test(room_id) ? room_id : '', code_hash: hashOf(code.slice(at + 1)) }
}

const isExpired = ({ expires_at }: Pick<StoredInvite, 'expires_at'>, now: number) =>
  expires_at !== undefined && Date.parse(expires_at) <= now

/** The claims that hold. */
const claimsAt = ({ claims }: StoredInvite, now: number) => claims.filter(claim => !isExpired(claim, now))

/** The room and the invitation of a code, if the user may use it. @param claim of the user who wants to */
function usable(view: RoomView, code: string, claim = ''): { room: RoomRecord; invite: StoredInvite } | null {
  const { room, now } = view
  const { code_hash } = parse(code)
  const invite = room?.invites?.find(invite => invite.code_hash === code_hash)
  if (!room || room.deleted || !invite) return null
  const claims = claimsAt(invite, now)
  if (claims.some(one => one.claim === claim)) return { room, invite }
  const { uses, max_uses = Number.POSITIVE_INFINITY } = invite
  return isExpired(invite, now) || uses + claims.length >= max_uses ? null : { room, invite }
}

function stateOf(invite: StoredInvite, now: number): Invite['state'] {
  const { uses, max_uses = Number.POSITIVE_INFINITY, revoked_by } = invite
  if (revoked_by !== undefined) return 'revoked'
  if (uses >= max_uses) return 'used_up'
  return isExpired(invite, now) ? 'expired' : 'valid'
}

/** What the moderators see of an invitation. */
function shown({ room_id: _, seq: __, code_hash: ___, claims: ____, ...row }: InviteRow, now: number): Invite {
  return { ...row, state: stateOf(row as InviteRow, now) }
}

/**
 * Invitations: codes with which users join a room, also a private one or one with a password. How often one was used is
 * counted by the room's log, so that it is never used more often than it may be.
 */
export function createInvites(store: Store, roomLog: RoomLog, auth: Auth, admit: Admit, get: List['get']) {
  /** @throws RoomNotFound, NotModerator */
  async function moderatedView(room_id: string, username: string): Promise<{ view: RoomView; person: Person }> {
    const person = await personOf(store, username)
    const view = await roomLog.view(room_id, [username])
    assertModerator(view, room_id, person)
    return { view, person }
  }

  /** Revoking one that has ended is not an error. @throws RoomNotFound, NotModerator, InvitationNotFound */
  async function revokeInvite(room_id: string, username: string, invite: number): Promise<void> {
    const { person } = await moderatedView(room_id, username)
    const appended = await roomLog.append(room_id, {
      type: 'invite_revoked',
      username,
      client_id: randomUUID(),
      prepare: person.prepare,
      decide(view) {
        const { invites = [] } = assertModerator(view, room_id, person)
        return invites.some(({ id }) => id === invite) ? { data: { invite, ...asAdmin(view, person) } } : null
      },
    })
    if (!appended && !(await store.readInvite(room_id, invite))) throw new errors.InvitationNotFound(invite)
  }

  /**
   * What the link shows. Changes nothing. A member also sees the room by a link that has ended.
   * @param username of the user who asks, if there is one
   * @throws InvitationInvalid; Banned
   */
  async function look(code: string, username?: string): Promise<Invited> {
    const { room_id } = parse(code)
    const view = await roomLog.view(room_id, username === undefined ? [] : [username])
    const is_member = username !== undefined && view.isMember(username)
    const found = usable(view, code, username && claimOf(username))
    const room = found?.room ?? (is_member && !view.room?.deleted ? view.room : null)
    if (!room) throw new errors.InvitationInvalid()
    if (username !== undefined && !is_member) assertNotBanned(view, username)
    const { name, description, member_count } = room
    const { expires_at, created_by } = found?.invite ?? {}
    const by = created_by === undefined ? null : await store.readUser(created_by)
    return {
      ...{ room_id, name, description, member_count, is_member },
      ...(by?.deletion === null && {
        invited_by: { username: by.username, display_name: by.display_name, avatar_color: by.avatar_color },
      }),
      ...(expires_at !== undefined && { expires_at }),
    }
  }

  /**
   * Joins the room. A member who joins again uses nothing.
   * @throws InvitationInvalid; Banned, RoomFull, which use nothing
   */
  async function joinByInvite(code: string, username: string): Promise<Room> {
    // Most wrong codes end here, so that they need no writer for their room.
    const { room_id } = await look(code, username)
    const claim = claimOf(username)
    await admit(room_id, username, username, view => {
      if (view.room && !view.room.deleted && view.isMember(username)) return { room: view.room }
      const found = usable(view, code, claim)
      if (!found) throw new errors.InvitationInvalid()
      const isKept = found.invite.claims.some(one => one.claim === claim)
      return { room: found.room, data: { invite: found.invite.id, ...(isKept && { claim }) } }
    })
    return get(room_id, username)
  }

  /** Keeps a use for a user who is signing up; does nothing if one is kept already. @throws InvitationInvalid, RoomFull, RateLimited */
  async function claimUse(code: string, username: string): Promise<void> {
    const claim = claimOf(username)
    await roomLog.append(parse(code).room_id, {
      type: 'invite_claimed',
      username: '',
      client_id: randomUUID(),
      decide(view) {
        const found = usable(view, code, claim)
        if (!found) throw new errors.InvitationInvalid()
        assertNotFull(found.room)
        const claims = claimsAt(found.invite, view.now)
        if (claims.some(one => one.claim === claim)) return null
        const [oldest] = claims
        if (oldest && claims.length >= CLAIMS_MAX) throw rateLimited(Date.parse(oldest.expires_at) - view.now)
        const expires_at = new Date(view.now + CLAIM_MS).toISOString()
        return { data: { invite: found.invite.id, claim, expires_at } }
      },
    })
  }

  return {
    revokeInvite,
    look,
    joinByInvite,

    /**
     * Makes an invitation. Its code is returned only here.
     * @throws RoomNotFound, NotModerator; DefaultRoom, which nobody joins, so that no use could be counted;
     * TooManyInvitations if limits.INVITES_MAX can be used already
     */
    async invite(room_id: string, username: string, { expires_in_s, max_uses }: InviteCreation): Promise<NewInvite> {
      const { person } = await moderatedView(room_id, username)
      const secret = randomBytes(SECRET_BYTES).toString('base64url')
      const appended = await roomLog.append(room_id, {
        type: 'invited',
        username,
        client_id: randomUUID(),
        prepare: person.prepare,
        decide(view) {
          const room = assertModerator(view, room_id, person)
          if (isDefault(room)) throw new errors.DefaultRoom()
          const { invites = [] } = room
          const valid = invites.filter(invite => !isExpired(invite, view.now))
          if (valid.length >= limits.INVITES_MAX) throw new errors.TooManyInvitations(room_id)
          const ends = expires_in_s !== undefined && {
            expires_at: new Date(view.now + expires_in_s * 1000).toISOString(),
          }
          const bounds = { ...ends, ...(max_uses !== undefined && { max_uses }) }
          return { data: { code_hash: hashOf(secret), ...bounds, ...asAdmin(view, person) } }
        },
      })
      const { seq: id, created_at, data } = (appended as NonNullable<typeof appended>).event
      const { expires_at } = data ?? {}
      return {
        ...{ id, created_by: username, created_at, uses: 0, code: `${room_id}.${secret}` },
        ...(expires_at !== undefined && { expires_at }),
        ...(max_uses !== undefined && { max_uses }),
      }
    },

    /** All invitations, also those that have ended, newest first. @throws RoomNotFound, NotModerator */
    async invites(room_id: string, username: string, query: InviteList): Promise<InvitePage> {
      const { limit = limits.PAGE_DEFAULT, before } = query
      const { now } = (await moderatedView(room_id, username)).view
      const found = await store.listInvites(room_id, { limit: limit + 1, ...(before !== undefined && { before }) })
      const invites = found.slice(0, limit).map(row => shown(row, now))
      const last = invites.at(-1)
      return { invites, ...(found.length > limit && last && { next: last.id }) }
    },

    /** Revokes all that a user made, whatever became of the user since. @throws RoomNotFound, NotModerator */
    async revokeInvitesOf(room_id: string, username: string, created_by: string): Promise<void> {
      const { room } = (await moderatedView(room_id, username)).view
      const isTheirs = (invite: StoredInvite) => invite.created_by.toLowerCase() === created_by.toLowerCase()
      const theirs = (room?.invites ?? []).filter(isTheirs)
      await Promise.all(theirs.map(({ id }) => revokeInvite(room_id, username, id)))
    },

    /**
     * Creates an account by an invitation: keeps a use, stores the account, joins the room. Each step can be repeated, so
     * after a crash the user signs up again, or logs in and joins, and has used the invitation once.
     * @throws InvitationInvalid, RoomFull, RateLimited; as `Auth.register`
     */
    async signUp(credentials: Credentials, code: string, usage?: Usage): Promise<LoggedIn> {
      const { username } = credentials
      // Before the password is hashed, which costs much more.
      const view = await roomLog.view(parse(code).room_id, [])
      if (!usable(view, code, claimOf(username))) throw new errors.InvitationInvalid()
      const created = await auth.register(credentials, usage, () => claimUse(code, username))
      try {
        await joinByInvite(code, created.user.username)
      } catch (error) {
        // The account exists, so the client is logged in, and can join again.
        if ((error as { statusCode?: number }).statusCode === undefined) throw error
      }
      return created
    },
  }
}
