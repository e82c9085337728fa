import { createHash } from 'node:crypto'

/** Characters of the hash in an id: 180 bits, so that nobody finds other people with the id of a conversation. */
const HASH_LENGTH = 30
const PREFIX = 'd-'

/**
 * The id of the direct conversation of some users: every server derives the same one from the set of their names.
 * @param usernames as registered or not, in any order, each once
 */
export function directId(usernames: string[]): string {
  const set = usernames.map(username => username.toLowerCase()).sort()
  const hash = createHash('sha256').update(set.join(' ')).digest('base64url')
  return `${PREFIX}${hash.slice(0, HASH_LENGTH)}`
}

/** Whether the id may be the one of a direct conversation; that of a room which was imported may be, too. */
export const isDirectId = (room_id: string) => room_id.startsWith(PREFIX)

/**
 * The id under which a user's mark in a direct conversation says up to which seq they have hidden it. No room has it,
 * because ids of rooms have no colon.
 */
export const hiddenMark = (room_id: string) => `${room_id}:hidden`

/** A conversation's place in the list, which goes from the greatest to the smallest. @param at time of its newest message */
export const placeOf = (at: string, room_id: string) => `${at} ${room_id}`
