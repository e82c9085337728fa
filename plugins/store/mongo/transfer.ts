import { setTimeout as wait } from 'node:timers/promises'
import type { Collection, Db, Document, WithId } from 'mongodb'
import type { InviteRow } from '../../../schemas/stored-invite.js'
import {
  CONTINUE,
  isUnfinished,
  type Kind,
  leaving,
  leftSince,
  type Rows,
  type SealedSource,
  type Sink,
  type Source,
  TRANSFER_BATCH,
  unfinished,
} from '../transfer.js'
import { createClaims } from './claims.js'
import { type Collections, collectionsOf, ensureIndexes, type MemberDocument, SCHEMA_VERSION } from './collections.js'
import { type Call, createCalls, type Run, withConcerns } from './connection.js'
import {
  eventDocument,
  memberDocument,
  roomDocument,
  sessionDocument,
  toMember,
  toRecord,
  toSession,
  toUser,
  userDocument,
} from './documents.js'
import { insertIfMissing } from './failures.js'
import { createFollower, type Follower } from './follower.js'
import { createIndexes } from './indexes.js'
import { createLog, type Log } from './log.js'
import type { LogIndex } from './log-index.js'
import { keepDuplicates } from './names.js'
import { createRecords } from './records.js'

/** Running servers check every 5 s whether the store is marked; this long after the mark they write no more, ms. */
const SEAL_MS = 10_000

/** Pages through a collection by a unique key of one or two fields, because a cursor could outlive its session. */
async function* pages(run: Run, collection: Collection<Document>, first: string, second?: string) {
  const sort = second === undefined ? { [first]: 1 as const } : { [first]: 1 as const, [second]: 1 as const }
  let filter = {}
  for (;;) {
    const found = await run(call => collection.find(filter, { ...call, sort, limit: TRANSFER_BATCH }).toArray())
    const last = found.at(-1)
    if (last === undefined) return
    yield found
    const beyond = { [first]: { $gt: last[first] } }
    filter =
      second === undefined ? beyond : { $or: [{ [first]: last[first], [second]: { $gt: last[second] } }, beyond] }
  }
}

interface Parts {
  run: Run
  collections: Collections
  log: Log
  indexes: LogIndex[]
  follower: Follower
}

function openParts(connected: Db, timeout_ms: number): Parts {
  const db = withConcerns(connected, timeout_ms)
  const collections = collectionsOf(db)
  const log = createLog(collections)
  const claims = createClaims(collections, log, createRecords(collections, log))
  const indexes = createIndexes(db, collections, log, claims).all
  return {
    run: createCalls(db, timeout_ms),
    collections,
    log,
    indexes,
    follower: createFollower(collections, log, indexes),
  }
}

/** Ids of all logs, whether or not the room has a record. */
async function* roomIds({ run, collections: { events } }: Parts) {
  let room_id = ''
  for (;;) {
    const next = await run(call =>
      events.findOne({ room_id: { $gt: room_id } }, { ...call, sort: { room_id: 1, seq: 1 } }),
    )
    if (next === null) return
    room_id = next.room_id
    yield room_id
  }
}

async function* dumpEvents(parts: Parts) {
  const { run, log } = parts
  for await (const room_id of roomIds(parts)) {
    for (let after = 0; ; ) {
      const page = await run(call => log.readEvents(call, room_id, { after, limit: TRANSFER_BATCH }))
      if (page.length > 0) yield page
      if (page.length < TRANSFER_BATCH) break
      after = page.at(-1)?.seq as number
    }
  }
}

function createDump(parts: Parts): Source['dump'] {
  const { run, collections } = parts
  const { users, sessions, rooms, members, invites, marks } = collections
  async function* all<T extends Document, R>(
    collection: Collection<T>,
    toRow: (found: WithId<T>) => R,
    ...key: [string, string?]
  ) {
    for await (const page of pages(run, collection as unknown as Collection<Document>, ...key)) {
      yield page.map(found => toRow(found as unknown as WithId<T>))
    }
  }
  const dumps: { [K in Kind]: () => AsyncIterable<Rows[K][]> } = {
    users: () => all(users, toUser, '_id'),
    sessions: () => all(sessions, toSession, '_id'),
    rooms: () => all(rooms, toRecord, '_id'),
    members: () => all(members, ({ _id, ...row }: WithId<MemberDocument>) => toMember(row), 'room_id', 'user'),
    invites: () => all(invites, ({ _id, ...row }: WithId<InviteRow>) => row, 'room_id', 'id'),
    marks: () => all(marks, ({ user, room_id, seq }) => ({ username: user, room_id, seq }), 'user', 'room_id'),
    events: () => dumpEvents(parts),
  }
  return kind => dumps[kind]()
}

/** @throws an Error whose message is one plain sentence, if the database holds no store of this version */
export async function openMongoSource(db: Db, timeout_ms: number): Promise<SealedSource> {
  const parts = openParts(db, timeout_ms)
  const { meta } = parts.collections
  const version = (await meta.findOne({ _id: 'schema_version' }))?.value
  if (isUnfinished(version)) throw new Error(`Database ${db.databaseName} is half migrated: ${CONTINUE}`)
  if (version !== SCHEMA_VERSION && leftSince(version) === undefined) {
    throw new Error(`Database ${db.databaseName} holds no store of version ${SCHEMA_VERSION} (${version ?? 'empty'})`)
  }
  return {
    async seal(print) {
      const since = leftSince(version) ?? new Date().toISOString()
      await parts.run(call => meta.updateOne({ _id: 'schema_version' }, { $set: { value: leaving(since) } }, call))
      const wait_ms = Math.min(SEAL_MS, SEAL_MS - (Date.now() - Date.parse(since)))
      if (wait_ms > 0) {
        print('The source is marked; waiting until running servers have stopped')
        await wait(wait_ms)
      }
      // After a crash the indexes may lag behind the log.
      for await (const room_id of roomIds(parts)) await parts.run(call => parts.follower.follow(call, room_id))
    },
    epoch: (await meta.findOne({ _id: 'epoch' }))?.value as string,
    dump: createDump(parts),
    close: async () => {},
  }
}

/** Lets servers open a store again that a migration has marked. @throws an Error whose message is one plain sentence */
export async function releaseMongo(db: Db, timeout_ms: number): Promise<void> {
  const { meta } = collectionsOf(withConcerns(db, timeout_ms))
  const version = (await meta.findOne({ _id: 'schema_version' }))?.value
  if (leftSince(version) === undefined) throw new Error(`Database ${db.databaseName} was not marked by a migration`)
  await meta.updateOne({ _id: 'schema_version' }, { $set: { value: SCHEMA_VERSION } })
}

/**
 * Opens a database to load the store with `epoch` into.
 * @throws an Error whose message is one plain sentence, if the database holds something else
 */
export async function openMongoSink(db: Db, epoch: string, timeout_ms: number): Promise<Sink> {
  const parts = openParts(db, timeout_ms)
  const { collections, run, follower } = parts
  const { meta } = collections
  const somethingElse = () => new Error(`Database ${db.databaseName} already holds something else; name an empty one`)

  const version = (await meta.findOne({ _id: 'schema_version' }))?.value
  if (version === undefined) {
    for (const { name } of await db.listCollections({}, { nameOnly: true }).toArray()) {
      if ((await db.collection(name).findOne()) !== null) throw somethingElse()
    }
    await meta.insertOne({ _id: 'schema_version', value: unfinished(epoch) })
    await meta.insertOne({ _id: 'epoch', value: epoch })
  } else if (version !== unfinished(epoch)) {
    const found = (await meta.findOne({ _id: 'epoch' }))?.value
    if (version !== SCHEMA_VERSION || found !== epoch) throw somethingElse()
  } else {
    await insertIfMissing(meta.insertOne({ _id: 'epoch', value: epoch }))
  }
  await ensureIndexes(db, parts.indexes)

  /** If some documents of a batch exist, a previous load was interrupted; the others are inserted. */
  const put = <T extends Document>(call: Call, collection: Collection<T>, documents: T[]) =>
    insertIfMissing(collection.insertMany(documents as never, { ...call, ordered: false }))

  const loads: { [K in Kind]: (call: Call, rows: Rows[K][]) => Promise<unknown> } = {
    users: (call, rows) => put(call, collections.users, rows.map(userDocument)),
    sessions: (call, rows) => put(call, collections.sessions, rows.map(sessionDocument)),
    async rooms(call, rows) {
      await put(call, collections.rooms, rows.map(roomDocument))
      await keepDuplicates(call, collections, rows)
      const emptied = rows.filter(row => row.deleted || row.emptied_seq > 0)
      const purges = emptied.map(row => ({ _id: row.id, seq: 0, ...(!row.deleted && { upto: row.emptied_seq }) }))
      if (purges.length > 0) await put(call, collections.purges, purges)
    },
    members: (call, rows) => put(call, collections.members, rows.map(memberDocument)),
    invites: (call, rows) => put(call, collections.invites, rows),
    marks(call, rows) {
      const documents = rows.map(({ username, ...row }) => ({ ...row, user: username }))
      return put(call, collections.marks, documents)
    },
    events: (call, rows) => put(call, collections.events, rows.map(eventDocument)),
  }

  return {
    epoch,
    isFinished: version === SCHEMA_VERSION,
    dump: createDump(parts),
    async load(kind, rows) {
      await run(call => loads[kind](call, rows))
    },
    async finish() {
      for await (const room_id of roomIds(parts)) await run(call => follower.follow(call, room_id))
      await run(call => meta.updateOne({ _id: 'schema_version' }, { $set: { value: SCHEMA_VERSION } }, call))
    },
    close: async () => {},
  }
}
