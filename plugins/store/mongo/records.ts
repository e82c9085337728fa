import type { StoredEvent } from '../../../schemas/event.js'
import type { RoomRecord } from '../../../schemas/room.js'
import { KEEPS_ALL } from '../../../schemas/wire.js'
import { membersOf } from '../log/fold.js'
import type { Collections } from './collections.js'
import type { Call } from './connection.js'
import { roomDocument } from './documents.js'
import { insertIfMissing } from './failures.js'
import type { Log } from './log.js'

/** The record that results from a room's first event. */
function recordOf(created: StoredEvent): RoomRecord {
  const { room_id, username, created_at, data } = created
  const { name = room_id, description = '', is_public = true, max_members = 0, password_hash = null } = data ?? {}
  const { members } = data ?? {}
  const settings = { name, description, is_public, max_members, slow_mode_s: 0, ...KEEPS_ALL }
  return {
    id: room_id,
    ...settings,
    indexed_seq: 0,
    owner: members ? '' : username,
    member_count: membersOf(created).length,
    password_hash,
    created_at,
    deleted: false,
    ...(members && { direct: { usernames: members, blocked_by: [] } }),
  }
}

export type Records = ReturnType<typeof createRecords>

/** Inserts the records of new rooms; without a record, a room does not exist. */
export function createRecords({ rooms }: Collections, log: Log) {
  /** If another server has put it meanwhile, it stays as it is. */
  async function put(call: Call, record: RoomRecord) {
    const empty = { ...roomDocument({ ...record, indexed_seq: 0 }), latest: { seq: 0, message: null } }
    await insertIfMissing(rooms.insertOne(empty, call))
  }

  return {
    put,

    /** Inserts the record of a room whose creation was interrupted after its first event. */
    async complete(call: Call, room_id: string) {
      const [first] = await log.readRaw(call, room_id, 0, 1, 1)
      if (first?.type === 'created') await put(call, recordOf(first))
    },
  }
}
