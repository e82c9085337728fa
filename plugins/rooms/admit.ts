import { randomUUID } from 'node:crypto'
import { errors, until } from '../../schemas/error.js'
import type { StoredEvent } from '../../schemas/event.js'
import type { RoomRecord } from '../../schemas/room.js'
import type { RoomLog, RoomView } from '../room-log/index.js'
import type { Store } from '../store/index.js'
import type { Marks } from './marks.js'

/** @throws RoomFull */
export function assertNotFull(room: RoomRecord) {
  if (room.max_members > 0 && room.member_count >= room.max_members) throw new errors.RoomFull(room.id)
}

/** @throws Banned */
export function assertNotBanned(view: RoomView, username: string) {
  const banned = view.rowOf(username)?.banned
  if (view.holds(banned)) throw until(new errors.Banned(view.room?.id), banned.until)
}

/** What allows a user to become a member, decided on the state just before the event. */
export interface Admission {
  room: RoomRecord
  /** What the event says of it. */
  data?: StoredEvent['data']
}

export type Admit = ReturnType<typeof createAdmit>

/** The one way in which users become members of a room that exists. */
export function createAdmit(store: Store, roomLog: RoomLog, marks: Pick<Marks, 'admit'>) {
  /**
   * Makes `subject` a member by an event of `username`; does nothing if `subject` is one already.
   * @throws what `allow` throws; Banned, RoomFull
   */
  return async (room_id: string, username: string, subject: string, allow: (view: RoomView) => Admission) => {
    const appended = await roomLog.append(room_id, {
      type: 'joined',
      username,
      subject,
      client_id: randomUUID(),
      decide(view) {
        const { room, data } = allow(view)
        if (view.isMember(subject)) return null
        assertNotBanned(view, subject)
        assertNotFull(room)
        return { member: subject, ...(data && { data }) }
      },
    })
    if (appended) return marks.admit(subject, room_id, appended.event.seq)
    // An earlier attempt may have failed after its event, so that this one repeats it.
    const row = await store.readMember(room_id, subject)
    if (row) await store.moveMark(subject, room_id, row.seq)
  }
}
