import type { Room } from '../../../schemas/room.js'
import type { User } from '../../../schemas/user.js'
import { matchesName, startsName } from './match.js'
import { newestAt } from './room-list.js'

type Named = Pick<User, 'username' | 'display_name'>

const ROOMS_MAX = 8
const PEOPLE_MAX = 6

/**
 * The first rooms that a part of a name finds: one's own before the others, names that begin with it before names that
 * contain it, then those where something was said last. Without a query, one's own rooms, unread ones first.
 */
export function foundRooms(rooms: readonly Room[], query: string): Room[] {
  const asked = query.trim() !== ''
  const rank = (room: Room) =>
    (room.is_member ? 0 : 4) + (asked && !startsName(room.name, query) ? 2 : 0) + (room.unread > 0 ? 0 : 1)
  return rooms
    .filter(room => (asked ? matchesName(room.name, query) : room.is_member))
    .sort((a, b) => rank(a) - rank(b) || newestAt(b).localeCompare(newestAt(a)))
    .slice(0, ROOMS_MAX)
}

/** The first people that a part of a name finds; none without a query. */
export function foundPeople<P extends Named>(people: readonly P[], query: string, me: string): P[] {
  if (query.trim() === '') return []
  const starts = ({ display_name, username }: Named) => startsName(display_name, query) || startsName(username, query)
  return people
    .filter(({ username }) => username !== me)
    .filter(({ username, display_name }) => matchesName(display_name, query) || matchesName(username, query))
    .sort((a, b) => Number(starts(b)) - Number(starts(a)) || a.display_name.localeCompare(b.display_name))
    .slice(0, PEOPLE_MAX)
}
