import type { DirectQuery, MentionPage, MentionQuery, RoomPage, RoomQuery, Standing, Target } from '../store.js'

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

/**
 * A page of the list of mentions.
 * @param found in the order of the list, one more than the limit if there are more
 */
export async function mentionPage(
  { limit }: MentionQuery,
  found: { room_id: string; seq: number; place: string }[],
  examined: number,
  readTargets: (room_id: string, seqs: number[]) => Promise<Target[]>,
): Promise<MentionPage> {
  const shown = found.slice(0, limit)
  const rooms = new Map<string, number[]>()
  for (const { room_id, seq } of shown) rooms.set(room_id, [...(rooms.get(room_id) ?? []), seq])
  const keyOf = (room_id: string, seq: number) => `${room_id} ${seq}`
  const targets = new Map<string, Target>()
  const read = [...rooms].map(async ([room_id, seqs]) => {
    for (const target of await readTargets(room_id, seqs)) targets.set(keyOf(room_id, target.message.seq), target)
  })
  await Promise.all(read)
  return {
    // A message may have been deleted since it was found.
    targets: shown
      .flatMap(({ room_id, seq }) => targets.get(keyOf(room_id, seq)) ?? [])
      .filter(({ newest }) => newest?.type !== 'deleted'),
    next: found.length > limit ? (shown.at(-1)?.place ?? null) : null,
    examined,
  }
}
