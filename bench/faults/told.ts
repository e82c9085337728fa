import { limits } from '../../schemas/wire.js'
import type { History } from './history.js'
import type { Promised, Violation } from './promises.js'
import type { Room } from './room.js'
import { joinOf } from './times.js'

/** Whom a user blocks, as the logs of the conversations of two say. */
function blockedBy(username: string, rooms: Map<string, { room: Room }>): string[] {
  const conversations = [...rooms.values()].filter(({ room }) => room.blocking.last.includes(username))
  return conversations.flatMap(({ room }) => room.members().filter(name => name !== username))
}

/** Compares what users were told after the run, when everything was at rest. */
export function checkTold(
  { told, rooms: shown, done }: History,
  rooms: Map<string, { room: Room }>,
  violations: Violation[],
) {
  for (const { username, room_id, is_member, seq, last_read_seq, unread, unread_mentions } of told) {
    const room = rooms.get(room_id)?.room
    if (!room) continue
    const complain = (promise: Promised, what: string) =>
      violations.push({ promise, what: `${room_id}: ${username} ${what}` })
    if (is_member !== room.isMember(username))
      complain('members are what the log says', `is told to be a member: ${is_member}`)
    if (seq !== room.head) complain('a reader sees what was acknowledged before', `is told ${seq} of ${room.head}`)
    const count = Math.min(room.unread(username, last_read_seq), limits.UNREAD_MAX)
    if (unread !== count)
      complain('unread counts and marks are right', `is told ${unread} after ${last_read_seq}, not ${count}`)
    const mentions = room.unreadMentions(username, last_read_seq, blockedBy(username, rooms))
    if (unread_mentions !== mentions)
      complain('mentions are counted right', `is told ${unread_mentions} after ${last_read_seq}, not ${mentions}`)
    const marks = done.filter(one => one.name === 'read' && one.username === username && one.args.room_id === room_id)
    const isNew =
      joinOf(
        username,
        done.filter(({ args }) => args.room_id === room_id),
      ) !== undefined
    // A new member has read everything up to the event that made them one.
    const joined_at = isNew && room.isMember(username) ? room.memberOf(username).changed_at : 0
    const least = Math.max(
      joined_at,
      ...marks.filter(({ outcome }) => outcome === 'ok').map(({ answer }) => answer.seq ?? 0),
    )
    if (last_read_seq < least)
      complain('unread counts and marks are right', `had read ${least}, but is told ${last_read_seq}`)
  }
  for (const { room_id, owner, members } of shown) {
    const room = rooms.get(room_id)?.room
    if (!room) continue
    const expected = room.members().sort().join()
    if (members.sort().join() !== expected || owner !== room.owner.last) {
      violations.push({
        promise: 'members are what the log says',
        what: `${room_id}: ${members} of ${owner}, not ${expected} of ${room.owner.last}`,
      })
    }
  }
}
