import type { Db } from 'mongodb'
import { newEpoch } from '../log/epoch.js'
import { RESERVED_NAMES } from '../log/mentions.js'
import { collectionsOf, SCHEMA_VERSION } from './collections.js'
import { withConcerns } from './connection.js'

/**
 * Turns a database that was restored from a dump into another store: with a new epoch, so that clients discard what
 * they have cached, and without sessions, because those that ended after the dump would be valid again.
 *
 * @throws an Error whose message is one plain sentence, if it is not a complete store; then nothing is changed
 */
export async function renewMongo(connected: Db): Promise<{ users: number; rooms: number; events: number }> {
  const db = withConcerns(connected)
  const { events, indexed, leases, members, meta, rooms, sessions, users } = collectionsOf(db)
  const name = `Database ${db.databaseName}`
  const version = (await meta.findOne({ _id: 'schema_version' }))?.value
  if (version !== SCHEMA_VERSION) {
    throw new Error(`${name} holds no store of version ${SCHEMA_VERSION} (${version ?? 'empty'})`)
  }

  let count = 0
  const logs = new Set<string>()
  for (let room_id = ''; ; ) {
    const last = await events.findOne({ room_id: { $gt: room_id } }, { sort: { room_id: 1, seq: 1 } })
    if (last === null) break
    room_id = last.room_id
    const head = (await events.findOne({ room_id }, { sort: { seq: -1 } }))?.seq ?? 0
    const found = await events.countDocuments({ room_id })
    if (found !== head) throw new Error(`${name}: the log of room ${room_id} has ${found} events and ends with ${head}`)
    // An index dumped later than the log would stay wrong for ever, because only a greater seq replaces it.
    const ahead =
      (await rooms.findOne({ _id: room_id, indexed_seq: { $gt: head } })) ??
      (await members.findOne({ room_id, seq: { $gt: head } })) ??
      (await indexed.findOne({ _id: room_id, seq: { $gt: head } }))
    if (ahead !== null) {
      throw new Error(`${name}: room ${room_id} is ahead of its log, so the dump is inconsistent: dump with --oplog`)
    }
    count += found
    logs.add(room_id)
  }
  for await (const { _id } of rooms.find({}, { projection: { _id: 1 } })) {
    if (!logs.has(_id))
      throw new Error(`${name}: room ${_id} has no log, so the dump is inconsistent: dump with --oplog`)
  }

  await leases.deleteMany({})
  await sessions.deleteMany({})
  await meta.updateOne({ _id: 'epoch' }, { $set: { value: newEpoch() } }, { upsert: true })
  return { users: await users.countDocuments(), rooms: await rooms.countDocuments({ deleted: false }), events: count }
}

/** Rooms that `sampleMongo` reads, and the newest events of each that it reads. */
const SAMPLE_ROOMS = 100
const SAMPLE_EVENTS = 1000

/**
 * Checks a sample of a database, which servers may be using, and that it accepts a durable write.
 * @param from a room id to start at
 */
export async function sampleMongo(connected: Db, from: string) {
  const db = withConcerns(connected)
  const { events, meta, rooms, users } = collectionsOf(db)
  const probe = { _id: `doctor-${newEpoch()}` }
  await meta.insertOne({ ...probe, value: 'x' })
  await meta.deleteOne(probe)
  const { setName, msg } = await db.admin().command({ hello: 1 })
  const version = (await meta.findOne({ _id: 'schema_version' }))?.value
  const options = { projection: { _id: 1 as const }, sort: { _id: 1 as const }, limit: SAMPLE_ROOMS }
  let sample = await rooms.find({ _id: { $gte: from } }, options).toArray()
  if (sample.length < SAMPLE_ROOMS) sample = await rooms.find({}, options).toArray()
  const holes: string[] = []
  for (const { _id: room_id } of sample) {
    const head = (await events.findOne({ room_id }, { sort: { seq: -1 } }))?.seq ?? 0
    const found = await events.countDocuments({ room_id, seq: { $gt: head - SAMPLE_EVENTS, $lte: head } })
    if (head === 0 || found < Math.min(head, SAMPLE_EVENTS)) holes.push(room_id)
  }
  const isReplicated = setName !== undefined || msg === 'isdbgrid'
  const accounts = await users.find({ _id: { $in: RESERVED_NAMES } }).toArray()
  const reserved = accounts.filter(({ deletion }) => !deletion).map(({ username }) => username)
  return { version, expected: SCHEMA_VERSION, rooms: sample.length, holes, isReplicated, reserved }
}
