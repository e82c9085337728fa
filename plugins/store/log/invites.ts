import type { StoredEvent } from '../../../schemas/event.js'
import type { InviteRow, StoredInvite } from '../../../schemas/stored-invite.js'
import { limits } from '../../../schemas/wire.js'

/** The invitation that an event makes or changes. */
export const inviteOf = ({ type, seq, data }: StoredEvent): number | undefined =>
  type === 'invited' ? seq : data?.invite

/** An invitation before anybody used it. @param event of type `invited` */
function newInvite({ seq, username, created_at, data = {} }: StoredEvent): StoredInvite {
  const { code_hash = '', expires_at, max_uses } = data
  return {
    id: seq,
    seq,
    created_by: username,
    created_at,
    code_hash,
    ...(expires_at !== undefined && { expires_at }),
    ...(max_uses !== undefined && { max_uses }),
    uses: 0,
    claims: [],
  }
}

/** An invitation after an event that names it. Claims that were over at the event's time are dropped. */
function change<I extends StoredInvite>(invite: I, { type, seq, username, created_at, data = {} }: StoredEvent): I {
  const claims = invite.claims.filter(({ claim, expires_at }) => expires_at > created_at && claim !== data.claim)
  const next = { ...invite, seq, claims }
  if (type === 'joined') next.uses++
  if (type === 'invite_revoked') next.revoked_by = username
  if (type === 'invite_claimed' && data.claim !== undefined && data.expires_at !== undefined) {
    claims.push({ claim: data.claim, expires_at: data.expires_at })
  }
  return next
}

/** Whether it can never be used again, whatever the time. */
const isOver = ({ uses, max_uses = Number.POSITIVE_INFINITY, revoked_by }: StoredInvite) =>
  revoked_by !== undefined || uses >= max_uses

/**
 * The invitations of a room's record after an event. Those that are over are dropped, and with each new one those that
 * have expired by its time, unless a use is still kept.
 */
export function foldInvites(open: StoredInvite[], event: StoredEvent): StoredInvite[] {
  const { type, created_at } = event
  if (type === 'invited') {
    const holds = ({ expires_at }: { expires_at?: string }) => expires_at === undefined || expires_at > created_at
    const isLeft = (invite: StoredInvite) => holds(invite) || invite.claims.some(holds)
    return [...open.filter(isLeft), newInvite(event)]
  }
  const id = inviteOf(event)
  if (!open.some(invite => invite.id === id)) return open
  return open.map(invite => (invite.id === id ? change(invite, event) : invite)).filter(invite => !isOver(invite))
}

/**
 * The row of the index after an event, or null if the event changes none.
 * @param before the row of the event's `inviteOf`, if there is one
 */
export function foldInviteRow(event: StoredEvent, before: InviteRow | null): InviteRow | null {
  if (event.type === 'invited')
    return before === null ? { room_id: event.room_id, ...newInvite(event), joined: [] } : null
  if (before === null || before.seq >= event.seq) return null
  const row = change(before, event)
  const { type, member: username = '', created_at: joined_at } = event
  if (type !== 'joined') return row
  return { ...row, joined: [{ username, joined_at }, ...row.joined].slice(0, limits.INVITE_NAMES_MAX) }
}
