import { errors } from '../../schemas/error.js'
import type { Read, Reads } from '../../schemas/read-counts.js'
import type { RoomRecord } from '../../schemas/room.js'
import { limits } from '../../schemas/wire.js'
import type { RoomLog } from '../room-log/index.js'
import type { Store } from '../store/index.js'
import { isDefault, memberView } from './access.js'

/**
 * Whether members see how many have read a message. For the default room, whose record counts no members, the answer may
 * be wrong: `Reads.isCounted` knows it.
 */
export const mayCountReads = (room: RoomRecord | null): boolean =>
  room !== null && !room.deleted && room.read_counts !== false && room.member_count <= limits.READS_MAX

/** How far each member of a small room has read it. */
export function createReads(store: Store, roomLog: RoomLog) {
  const fits = async (room: RoomRecord | null) =>
    mayCountReads(room) && (room === null || !isDefault(room) || (await store.countUsers()) <= limits.READS_MAX)

  /**
   * A mark is stored just after the event that made its user a member: until then it is this event's seq. Members who came
   * later than a message thus never count as users who have not read it.
   */
  async function markOf(room_id: string, joined_seq: number, mark: number): Promise<number> {
    if (mark >= joined_seq) return mark
    const [event] = await store.readEvents(room_id, { after: joined_seq - 1, limit: 1, texts: false })
    return event?.type === 'joined' || event?.type === 'created' ? joined_seq : mark
  }

  return {
    /** Whether members see read counts now. */
    isCounted: async (room_id: string): Promise<boolean> => fits((await roomLog.view(room_id, [])).room),

    /** @throws RoomNotFound, NotMember; ReadCountsOff, also if the room has over READS_MAX members */
    async reads(room_id: string, username: string): Promise<Reads> {
      const { room, seq } = await memberView(roomLog, room_id, username)
      if (room === null || !(await fits(room))) throw new errors.ReadCountsOff(room_id)
      const query = { limit: limits.READS_MAX + 1 }
      const members = isDefault(room)
        ? (await store.listUsers(query)).map(user => ({ username: user.username, seq: 0 }))
        : await store.listMembers(room_id, query)
      if (members.length > limits.READS_MAX) throw new errors.ReadCountsOff(room_id)
      const marks = await store.readMarks(
        room_id,
        members.map(member => member.username),
      )
      const reads = members.map(
        async (member, n): Promise<Read> => ({
          username: member.username,
          seq: await markOf(room_id, member.seq, marks[n] as number),
        }),
      )
      return { seq, reads: await Promise.all(reads) }
    },
  }
}
