import type { Room } from '../../../schemas/room.js'

export interface Section {
  key: 'favorites' | 'rooms' | 'direct'
  rooms: Room[]
}

/** The rooms of the sidebar in sections: in each the unread ones first, then by their last message. */
export function sectionsOf(
  rooms: readonly Room[],
  { favorites, isUnread }: { favorites: ReadonlySet<string>; isUnread: (room: Room) => boolean },
): Section[] {
  const sorted = [...rooms].sort(
    (a, b) => Number(isUnread(b)) - Number(isUnread(a)) || compare(newestAt(b), newestAt(a)) || compare(a.id, b.id),
  )
  const sections: Section[] = [
    { key: 'favorites', rooms: sorted.filter(({ id }) => favorites.has(id)) },
    ...(['rooms', 'direct'] as const).map(key => ({
      key,
      rooms: sorted.filter(({ id, kind }) => !favorites.has(id) && (kind === 'direct') === (key === 'direct')),
    })),
  ]
  return sections.filter(({ rooms }) => rooms.length > 0)
}

/** When something was last said, or the room was made; empty for a room that is not known. */
export const newestAt = (room: Room | undefined) => room?.last_message?.created_at ?? room?.created_at ?? ''
const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)

/** A number from 1 to 12, the same for the same id everywhere: the hue of a room’s tile. */
export function hueOf(id: string): number {
  let sum = 0
  for (const letter of id) sum = (sum * 31 + (letter.codePointAt(0) as number)) % 9973
  return (sum % 12) + 1
}
