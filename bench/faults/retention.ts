import { type Ask, type Holds, ofOwnRoom, row } from './moderation.js'
import type { Operation } from './operation.js'

/** Messages that a room keeps, if it does not keep all. */
const KEPT = 3
const keep =
  (retention_count: number): Ask =>
  ({ http }, { room_id }) =>
    http.changeRoom(room_id, { retention_count })
const keeps =
  (count: number): Holds =>
  (room, seq) =>
    (room.settings.at(seq).retention_count ?? 0) === count

/** How many messages rooms keep. The last of all, so that a room has a limit when a run begins. */
export const retention = {
  'keep all messages': row(3, client => ofOwnRoom(client, 'Keeping'), keep(0), keeps(0)),
  'keep few messages': row(
    2,
    client => {
      const args = ofOwnRoom(client, 'Keeping')
      const { sent = [] } = client.world.room(args?.room_id ?? '') ?? {}
      return sent.length > KEPT ? args : null
    },
    keep(KEPT),
    keeps(KEPT),
  ),
} satisfies Record<string, Operation>
