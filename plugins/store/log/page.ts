import type { DirectQuery, RoomPage, RoomQuery, Standing } from '../store.js'

/**
 * A page of a list of rooms.
 * @param found in the order of the list, one more than the limit if there are more
 */
export async function roomPage(
  { limit }: RoomQuery,
  found: { id: string; name: string }[],
  readStandings: (room_ids: string[]) => Promise<Standing[]>,
): Promise<RoomPage> {
  const ids = found.slice(0, limit).map(({ id }) => id)
  const standings = new Map((await readStandings(ids)).map(standing => [standing.room.id, standing]))
  return {
    standings: ids.flatMap(id => standings.get(id) ?? []),
    // Not the name in the standing, which differs if the room was deleted in the meantime.
    next: found.length > limit ? (found[limit - 1]?.name ?? null) : null,
  }
}

/**
 * A page of the list of direct conversations.
 * @param found in the order of the list, one more than the limit if there are more
 */
export async function directPage(
  { limit }: DirectQuery,
  found: { id: string; place: string }[],
  readStandings: (room_ids: string[]) => Promise<Standing[]>,
): Promise<RoomPage> {
  const named = found.map(({ id, place }) => ({ id, name: place }))
  return roomPage({ limit }, named, readStandings)
}
