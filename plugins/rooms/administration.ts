import { randomUUID } from 'node:crypto'
import { errors } from '../../schemas/error.js'
import type { RoomRecord } from '../../schemas/room.js'
import type { RoomLog, RoomView } from '../room-log/index.js'
import { isDefault } from './access.js'
import type { Marks } from './marks.js'

/** @throws RoomNotFound, also for a direct conversation; DefaultRoom */
function assertAdministered({ room }: RoomView, room_id: string): RoomRecord {
  if (room === null || room.deleted || room.direct) throw new errors.RoomNotFound(room_id)
  if (isDefault(room)) throw new errors.DefaultRoom()
  return room
}

/** What administrators of the server do to rooms, members or not. Their right to it is checked by the caller. */
export function createRoomAdministration(roomLog: RoomLog, marks: Pick<Marks, 'admit'>) {
  return {
    /** A room that administrators may act on. @throws RoomNotFound, DefaultRoom */
    async administered(room_id: string): Promise<RoomRecord> {
      return assertAdministered(await roomLog.view(room_id, []), room_id)
    },

    /** @throws RoomNotFound, DefaultRoom */
    async removeFor(admin: string, room_id: string): Promise<void> {
      await roomLog.append(room_id, {
        type: 'room_deleted',
        username: admin,
        client_id: randomUUID(),
        decide(view) {
          assertAdministered(view, room_id)
          return {}
        },
      })
    },

    /** Makes the administrator a member, banned or not, and the owner. @throws RoomNotFound; OwnerPresent unless `owner` owns it */
    async takeOver(admin: string, room_id: string, owner: string): Promise<void> {
      const assertOwned = (view: RoomView) => {
        const room = assertAdministered(view, room_id)
        if (room.owner !== owner && room.owner !== admin) throw new errors.OwnerPresent(room_id)
        return room
      }
      const joined = await roomLog.append(room_id, {
        type: 'joined',
        username: admin,
        client_id: randomUUID(),
        decide(view) {
          assertOwned(view)
          return view.isMember(admin) ? null : { member: admin }
        },
      })
      if (joined) await marks.admit(admin, room_id, joined.event.seq)
      await roomLog.append(room_id, {
        type: 'room_changed',
        username: admin,
        client_id: randomUUID(),
        decide: view => (assertOwned(view).owner === admin ? null : { member: admin, data: { as_admin: true } }),
      })
    },
  }
}
