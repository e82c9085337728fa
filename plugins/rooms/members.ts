import type { Member, MemberList, MemberPage } from '../../schemas/member.js'
import { DEFAULT_ROOM_ID, limits } from '../../schemas/wire.js'
import type { Presence } from '../presence/index.js'
import type { RoomLog } from '../room-log/index.js'
import type { Store } from '../store/index.js'
import { memberView, roleOf } from './access.js'

/** The members of a room, as a list. */
export function createMembers(store: Store, roomLog: RoomLog, presence: Presence) {
  /** Sorted by username. @throws RoomNotFound, NotMember */
  async function members(room_id: string, username: string, query: MemberList): Promise<MemberPage> {
    await memberView(roomLog, room_id, username)
    const { limit = limits.PAGE_DEFAULT, after } = query
    const isDefault = room_id === DEFAULT_ROOM_ID
    const page = { limit: limit + 1, ...(after !== undefined && { after }) }
    const users = isDefault
      ? await store.listUsers(page)
      : await store.readUsers((await store.listMembers(room_id, page)).map(row => row.username))
    users.sort((a, b) => (a.username.toLowerCase() < b.username.toLowerCase() ? -1 : 1))
    const isOnline = await presence.inRoom(room_id)
    const shown = users.slice(0, limit)
    const view = await roomLog.view(
      room_id,
      shown.map(user => user.username),
    )
    const listed: Member[] = shown.map(user => {
      const muted = view.rowOf(user.username)?.muted
      return {
        username: user.username,
        display_name: user.display_name,
        avatar_color: user.avatar_color,
        // Administrators count as the moderators of the default room.
        role: (isDefault && user.is_admin ? 'moderator' : roleOf(view, user.username)) ?? 'member',
        online: isOnline(user.username),
        ...(view.holds(muted) && { muted: muted.until === undefined ? {} : { until: muted.until } }),
      }
    })
    return { members: listed, has_more: users.length > limit }
  }

  return { members }
}
