import type { StoredEvent } from '../../../../schemas/event.js'
import type { InviteRow } from '../../../../schemas/stored-invite.js'
import { foldInviteRow, inviteOf } from '../../log/invites.js'
import type { Collections } from '../collections.js'
import type { Call } from '../connection.js'
import { insertIfMissing } from '../failures.js'

const projection = { _id: 0 } as const

/** All invitations of rooms, also those that have ended. `createMembers` keeps them up to date. */
export function createInvites({ invites }: Collections) {
  const find = (call: Call, room_id: string, id: number): Promise<InviteRow | null> =>
    invites.findOne({ room_id, id }, { ...call, projection })

  return {
    /** Folds events over the rows that they change. If two servers write a row at once, the greater seq wins. */
    async put(call: Call, room_id: string, changes: StoredEvent[]) {
      for (const event of changes) {
        const id = inviteOf(event)
        if (id === undefined) continue
        const row = foldInviteRow(event, await find(call, room_id, id))
        if (row === null) continue
        if (event.type === 'invited') await insertIfMissing(invites.insertOne(row, call))
        else await invites.replaceOne({ room_id, id, seq: { $lt: row.seq } }, row, call)
      }
    },

    async forget(call: Call, room_id: string, after: number, upto: number) {
      await invites.deleteMany({ room_id, id: { $gt: after, $lte: upto } }, call)
    },

    readInvite: find,

    listInvites: (call: Call, room_id: string, { before, limit }: { before?: number; limit: number }) =>
      invites
        .find({ room_id, ...(before !== undefined && { id: { $lt: before } }) }, { ...call, projection })
        .sort({ id: -1 })
        .limit(limit)
        .toArray(),
  }
}
