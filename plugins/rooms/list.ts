import { errors } from '../../schemas/error.js'
import type { Restriction } from '../../schemas/moderation.js'
import type { Room, RoomList } from '../../schemas/room.js'
import { limits } from '../../schemas/wire.js'
import type { DirectQuery, Standing, Store } from '../store/index.js'
import { hasPreview, isDefault } from './access.js'

const isOver = ({ until }: Restriction) => until !== undefined && Date.parse(until) <= Date.now()

export type List = ReturnType<typeof createList>

/** Rooms as one user sees them. */
export function createList(store: Store) {
  /** Empty for a room that was deleted, or is private and the user is not a member. */
  async function visible(standings: Standing[]): Promise<Room[]> {
    const seen = standings.filter(({ room, is_member }) => !room.deleted && (room.is_public || is_member))
    const users = seen.some(({ room }) => isDefault(room)) ? await store.countUsers() : 0
    return seen.map(({ room, is_member, is_moderator, muted, seq, last_read_seq, unread, ...standing }) => ({
      id: room.id,
      kind: room.direct ? 'direct' : 'room',
      name: room.direct ? '' : room.name,
      description: room.description,
      is_public: room.is_public,
      has_password: room.password_hash !== null,
      is_default: isDefault(room),
      max_members: room.max_members,
      slow_mode_s: room.slow_mode_s,
      has_preview: hasPreview(room),
      read_counts: room.read_counts !== false,
      retention_h: room.retention_h,
      retention_count: room.retention_count,
      emptied_seq: room.emptied_seq,
      owner: room.owner,
      member_count: isDefault(room) ? users : room.member_count,
      created_at: room.created_at,
      is_member,
      is_moderator,
      ...(muted && !isOver(muted) && { muted: muted.until === undefined ? {} : { until: muted.until } }),
      unread,
      unread_mentions: standing.unread_mentions,
      last_read_seq,
      last_seq: seq,
      ...(standing.last_message && { last_message: standing.last_message }),
      ...(room.direct && { usernames: room.direct.usernames }),
      ...(room.direct && room.direct.blocked_by.length > 0 && { blocked_by: room.direct.blocked_by }),
    }))
  }

  return {
    /** The room as it is now. @throws RoomNotFound */
    async get(room_id: string, username: string): Promise<Room> {
      const [room] = await visible(await store.readStandings(username, [room_id]))
      if (room === undefined) throw new errors.RoomNotFound(room_id)
      return room
    },

    /**
     * Direct conversations of `username` in which something was said since they left, the latest first.
     * @returns `next` is the place after which the next page starts; absent on the last page. `examined`: rooms looked at
     */
    async listDirect(
      username: string,
      query: DirectQuery,
    ): Promise<{ rooms: Room[]; next?: string; examined: number }> {
      const { standings, next, examined } = await store.listDirect(username, query)
      return { rooms: await visible(standings), ...(next !== null && { next }), examined }
    },

    /**
     * The rooms that `username` can see, without direct conversations, sorted by name.
     * @returns `next` is the name after which the next page starts; absent on the last page
     */
    async list(username: string, query: RoomList): Promise<{ rooms: Room[]; next?: string }> {
      const { limit = limits.PAGE_DEFAULT, after, q, mine } = query
      const { standings, next } = await store.listRooms(username, {
        limit,
        ...(after !== undefined && { after }),
        ...(q !== undefined && { q }),
        ...(mine !== undefined && { mine }),
      })
      return { rooms: await visible(standings), ...(next !== null && { next }) }
    },
  }
}
