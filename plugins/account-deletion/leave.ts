import { randomUUID } from 'node:crypto'
import { errors } from '../../schemas/error.js'
import type { MemberRow } from '../../schemas/room.js'
import { DEFAULT_ROOM_ID } from '../../schemas/wire.js'
import type { RoomLog, RoomView } from '../room-log/index.js'
import type { Store } from '../store/index.js'

/** Attempts to leave a room whose members change at the same time; the next sweep tries again. */
const TRIES_MAX = 100
const PAGE = 500

/** Whether `one` comes before `other` as the next owner: moderators before members, then the one of longer standing. */
function precedes(one: MemberRow, other: MemberRow | null): boolean {
  if (other === null) return true
  const [moderates, rival] = [one.role === 'moderator', other.role === 'moderator']
  return moderates === rival ? one.seq < other.seq : moderates
}

/** The member to whom a room passes after its owner; null if the room has no other member. */
async function heirOf(store: Store, room_id: string, owner: string): Promise<string | null> {
  let heir: MemberRow | null = null
  for (let after = ''; ; ) {
    const page = await store.listMembers(room_id, { after, limit: PAGE })
    for (const row of page) if (row.username !== owner && precedes(row, heir)) heir = row
    if (page.length < PAGE) return heir?.username ?? null
    after = (page.at(-1) as MemberRow).username
  }
}

const isThere = ({ room }: RoomView) => room !== null && !room.deleted

/**
 * Ends the membership of a deleted account. A room that it owns passes to the moderator of longest standing,
 * else to the member of longest standing; a room without other members is deleted. Each change is decided at its commit.
 *
 * @throws StoreUnavailable, also if the members changed TRIES_MAX times in between
 */
export async function leaveRoom(store: Store, roomLog: RoomLog, room_id: string, username: string): Promise<void> {
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const view = await roomLog.view(room_id, [username])
    if (!isThere(view) || !view.isMember(username)) return
    if (view.room?.owner === username) await passOn(store, roomLog, room_id, username)
    else await leave(roomLog, room_id, username)
  }
  throw new errors.StoreUnavailable()
}

async function leave(roomLog: RoomLog, room_id: string, username: string) {
  await roomLog.append(room_id, {
    type: 'left',
    username,
    client_id: randomUUID(),
    decide(view) {
      if (!isThere(view) || !view.isMember(username) || view.room?.owner === username) return null
      // The record of the default room counts no members.
      const counted = room_id === DEFAULT_ROOM_ID && { was_member: false }
      return { member: username, data: { account_deleted: true, ...counted } }
    },
  })
}

async function passOn(store: Store, roomLog: RoomLog, room_id: string, username: string) {
  const heir = await heirOf(store, room_id, username)
  const isOwner = (view: RoomView) => isThere(view) && view.room?.owner === username
  if (heir === null) {
    await roomLog.append(room_id, {
      type: 'room_deleted',
      username,
      client_id: randomUUID(),
      decide: view => (isOwner(view) && view.room?.member_count === 1 ? {} : null),
    })
    return
  }
  await roomLog.append(room_id, {
    type: 'room_changed',
    username,
    subject: heir,
    client_id: randomUUID(),
    decide: view => (isOwner(view) && view.isMember(heir) ? { member: heir } : null),
  })
}
