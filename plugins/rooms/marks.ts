import { EventEmitter } from 'node:events'
import type { ReadMark } from '../../schemas/read-mark.js'
import type { RoomLog } from '../room-log/index.js'
import type { Store } from '../store/index.js'
import { memberView } from './access.js'
import { mayCountReads } from './reads.js'

export type Marks = ReturnType<typeof createMarks>

/** Changes made by this process. Listeners must not throw. */
interface MarkEvents {
  /** The user has just become a member of the room. */
  admitted: [username: string, room_id: string]
  /** The user's mark moved; `by` is what the caller of `markRead` passed, `seen` whether other members may see it. */
  read: [username: string, mark: ReadMark, by: object | undefined, seen: boolean]
}

/** How far each member has read a room. A mark never moves back. */
export function createMarks(store: Store, roomLog: RoomLog) {
  const events = new EventEmitter<MarkEvents>()
  return {
    events,

    /** A new member has read everything up to the event that made them one. */
    async admit(username: string, room_id: string, seq: number): Promise<void> {
      await store.moveMark(username, room_id, seq)
      events.emit('admitted', username, room_id)
    },

    /**
     * Marks a room as read up to `seq`, at most up to the log's head.
     * @param by the socket that asked, which needs no `read` frame of its own; passed on to listeners
     * @throws RoomNotFound, NotMember
     */
    async markRead(room_id: string, username: string, seq: number, by?: object): Promise<ReadMark> {
      const view = await memberView(roomLog, room_id, username)
      const wanted = Math.min(seq, view.seq)
      const before = await store.readMark(username, room_id)
      if (before >= wanted) return { room_id, seq: before }
      const mark = { room_id, seq: await store.moveMark(username, room_id, wanted) }
      events.emit('read', username, mark, by, mayCountReads(view.room))
      return mark
    },
  }
}
