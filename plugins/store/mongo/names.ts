import type { RoomRecord } from '../../../schemas/room.js'
import { keyOfDuplicate, NAMES_VERSION } from '../log/name.js'
import type { Collections } from './collections.js'
import type { Call } from './connection.js'
import { nameFields, roomDocument } from './documents.js'
import { insertIfMissing, isDuplicate } from './failures.js'

/**
 * Gives the rooms that an older server stored their names as this server folds and sorts them. Of rooms with one name,
 * which older servers told apart by case, the oldest keeps it. Servers that do so at once come to the same.
 */
export async function nameRooms({ rooms }: Collections) {
  const older = { names_version: { $ne: NAMES_VERSION } }
  const found = await rooms.find(older, { sort: { created_at: 1, _id: 1 } }).toArray()
  for (const { _id, name, tombstone } of found) {
    const named = nameFields(name)
    const another = { name_folded: named.name_folded, names_version: NAMES_VERSION, tombstone, _id: { $ne: _id } }
    const duplicate = { ...named, name_folded: keyOfDuplicate(name, _id) }
    const isTaken = (await rooms.findOne(another)) !== null
    try {
      await rooms.updateOne({ _id }, { $set: isTaken ? duplicate : named })
    } catch (error) {
      if (!isDuplicate(error)) throw error
      await rooms.updateOne({ _id }, { $set: duplicate })
    }
  }
}

/** Puts the rooms in that an insert left out, because an older server let two of them have one name. */
export async function keepDuplicates(call: Call, { rooms }: Collections, records: RoomRecord[]) {
  const ids = records.map(({ id }) => id)
  const found = await rooms.find({ _id: { $in: ids } }, { ...call, projection: { _id: 1 } }).toArray()
  const there = new Set(found.map(({ _id }) => _id))
  for (const record of records) {
    if (there.has(record.id)) continue
    const document = { ...roomDocument(record), name_folded: keyOfDuplicate(record.name, record.id) }
    await insertIfMissing(rooms.insertOne(document, call))
  }
}
