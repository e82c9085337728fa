import type {
  AdminRoom,
  AdminRoomList,
  AdminRoomPage,
  AdminUserList,
  AdminUserPage,
} from '../../schemas/administration.js'
import { foldText } from '../../schemas/fold-text.js'
import type { RoomRecord } from '../../schemas/room.js'
import { DEFAULT_ROOM_ID, limits } from '../../schemas/wire.js'
import type { Store } from '../store/index.js'

/** Accounts or rooms that one page looks at. */
export const LISTED_SCANNED_MAX = 2000
const STEP = 200

/**
 * The first of some rows that fit, with where the next page starts. A page may have fewer than `limit`, even none, and yet
 * have `next`, because it looks at a bounded number of rows.
 */
async function scan<Row>(
  read: (query: { after: string; limit: number }) => Promise<Row[]>,
  keyOf: (row: Row) => string,
  fits: (row: Row) => boolean,
  { after = '', limit }: { after?: string; limit: number },
): Promise<{ found: Row[]; next?: string }> {
  const found: Row[] = []
  let last = after
  for (let scanned = 0; scanned < LISTED_SCANNED_MAX; scanned += STEP) {
    const rows = await read({ after: last, limit: STEP })
    for (const row of rows) {
      if (fits(row)) {
        if (found.length === limit) return { found, next: last }
        found.push(row)
      }
      last = keyOf(row)
    }
    if (rows.length < STEP) return { found }
  }
  return { found, next: last }
}

const beginsWith = (q = '') => {
  const asked = foldText(q)
  return (name: string) => foldText(name).startsWith(asked)
}

/** Users and rooms as administrators see them: all but deleted ones and direct conversations. */
export function createLists(store: Store) {
  async function shown(rooms: RoomRecord[]): Promise<AdminRoom[]> {
    const owners = [...new Set(rooms.map(({ owner }) => owner).filter(owner => owner !== ''))]
    const users = new Map((await store.readUsers(owners)).map(user => [user.username.toLowerCase(), user]))
    const count = rooms.some(({ id }) => id === DEFAULT_ROOM_ID) ? await store.countUsers() : 0
    return rooms.map(({ id, name, is_public, password_hash, owner, member_count, created_at }) => {
      const user = users.get(owner.toLowerCase())
      return {
        ...{ id, name, is_public, owner, created_at },
        has_password: password_hash !== null,
        is_default: id === DEFAULT_ROOM_ID,
        member_count: id === DEFAULT_ROOM_ID ? count : member_count,
        owner_state:
          owner === '' || (user && !user.blocked) ? 'present' : user?.deletion === null ? 'blocked' : 'deleted',
      }
    })
  }

  return {
    async users({ q, limit = limits.PAGE_DEFAULT, after = '' }: AdminUserList): Promise<AdminUserPage> {
      const matches = beginsWith(q)
      const { found, next } = await scan(
        query => store.listUsers(query),
        ({ username }) => username,
        ({ username, display_name }) => matches(username) || matches(display_name),
        { after, limit },
      )
      const users = found.map(({ username, display_name, avatar_color, created_at, is_admin, blocked }) => ({
        ...{ username, display_name, avatar_color, created_at, is_admin, blocked },
      }))
      return { users, ...(next !== undefined && { next }) }
    },

    async rooms({ q, limit = limits.PAGE_DEFAULT, after = '' }: AdminRoomList): Promise<AdminRoomPage> {
      const matches = beginsWith(q)
      const { found, next } = await scan(
        query => store.listAllRooms(query),
        ({ id }) => id,
        ({ name, direct }) => direct === undefined && matches(name),
        { after, limit },
      )
      return { rooms: await shown(found), ...(next !== undefined && { next }) }
    },
  }
}
