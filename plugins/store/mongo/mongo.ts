import assert from 'node:assert/strict'
import { type Db, type MongoBulkWriteError, MongoError } from 'mongodb'
import { errors } from '../../../schemas/error.js'
import { membershipTypes, type StoredEvent } from '../../../schemas/event.js'
import type { RoomRecord } from '../../../schemas/room.js'
import { directPage, roomPage } from '../log/page.js'
import { BATCH_MAX, Conflict, type DirectQuery, type Logger, NameTaken, type RoomQuery, type Store } from '../store.js'
import { leftSince } from '../transfer.js'
import { createClaims } from './claims.js'
import { collectionsOf, ensureEpoch, ensureIndexes } from './collections.js'
import { type Call, createCalls, TIMEOUT_MS, withConcerns } from './connection.js'
import { createListDirect } from './direct.js'
import { eventDocument } from './documents.js'
import { isDuplicate } from './failures.js'
import { createFollower } from './follower.js'
import { dropOldTerms } from './indexes/terms.js'
import { createIndexes, createIndexReads } from './indexes.js'
import { createLog } from './log.js'
import type { Newest } from './log-index.js'
import { createMentions } from './mentions.js'
import { nameRooms } from './names.js'
import { type Watch, watchClient } from './observe.js'
import { createPeople } from './people.js'
import { createRecords } from './records.js'
import { createRooms } from './rooms.js'
import { createReadStandings } from './standings.js'
import { createReadState } from './state.js'
import { createUpkeep } from './upkeep.js'
import { createWorkLeases } from './work-leases.js'

/**
 * Events per insert command. FerretDB splits inserts into batches of a hundred and continues with the next batch after
 * a duplicate, although the insert is ordered, which left gaps in a log.
 */
const INSERT_MAX = 100

/** Splits a batch into the events of each insert command; one that renames the room is the first of its command. */
function inserts(appended: StoredEvent[]): StoredEvent[][] {
  const commands: StoredEvent[][] = []
  for (const event of appended) {
    const last = commands.at(-1)
    const renames = event.type === 'room_changed' && event.data?.name !== undefined
    if (last === undefined || last.length === INSERT_MAX || renames) commands.push([event])
    else last.push(event)
  }
  return commands
}

type Method = (call: Call, ...args: never[]) => Promise<unknown>
/** A store method without its `call` parameter. */
type Exposed<M> = M extends (call: Call, ...args: infer Args) => Promise<infer Result>
  ? (...args: Args) => Promise<Result>
  : never

/**
 * The store shared by several servers, in MongoDB or any database that speaks its protocol. It uses plain indexes and
 * single-document writes only: no transactions, no change streams.
 *
 * @param connected of a client made with `connectOptions`, which the caller closes after the store
 * @param timeout_ms how long one command may take
 * @param watch of the client, if it was watched from its first connection on
 * @throws an Error whose message is one plain sentence, if this server cannot read the database's content
 */
export async function openMongo(
  connected: Db,
  logger: Logger,
  timeout_ms = TIMEOUT_MS,
  { connections, observe }: Watch = watchClient(connected.client),
): Promise<Store> {
  const db = withConcerns(connected, timeout_ms)
  const collections = collectionsOf(db)
  const log = createLog(collections)
  const records = createRecords(collections, log)
  const claims = createClaims(collections, log, records)
  const indexes = createIndexes(db, collections, log, claims)
  const to_index = await dropOldTerms(db, collections)
  await nameRooms(collections)
  await ensureIndexes(db, indexes.all)
  const epoch = await ensureEpoch(collections)

  const run = createCalls(db, timeout_ms)
  const readState = createReadState(collections, log)
  const follower = createFollower(collections, log, indexes.all)
  const upkeep = createUpkeep(collections, follower, run, logger)
  const people = createPeople(collections, log)
  const rooms = createRooms(collections, records, claims)
  await upkeep.sweep()
  for (const room_id of to_index) upkeep.behind(room_id, Number.MAX_SAFE_INTEGER)

  const mentions = createMentions(collections)
  const settleRooms = async (call: Call, room_ids: string[]) => {
    for (const room_id of room_ids) await upkeep.follow(call, room_id, [indexes.members.index])
    return rooms.readRooms(call, room_ids)
  }
  const readStandings = createReadStandings(collections, settleRooms, mentions)

  const listDirect = createListDirect(collections, log, (call, room_id) =>
    upkeep.follow(call, room_id, [indexes.members.index]),
  )

  let failing = false
  /** Whether the store is being migrated to another place: nothing more is written here. */
  let left = false
  let closing: Promise<void> | undefined
  let under_way = 0
  let idle = () => {}

  /** Maps failures to 503, because the outcome of an unanswered command is unknown. */
  function answer(error: unknown): unknown {
    if (!(error instanceof MongoError)) return error
    if (!failing) logger.error({ err: error }, 'MongoDB does not respond; retrying')
    failing = true
    return new errors.StoreUnavailable({ cause: error })
  }

  function expose<M extends Method>(method: M): Exposed<M> {
    const exposed = async (...args: never[]) => {
      if (closing !== undefined || left) throw new errors.StoreUnavailable()
      under_way++
      try {
        const result = await run(call => method(call, ...args))
        failing = false
        return result
      } catch (error) {
        throw answer(error)
      } finally {
        if (--under_way === 0) idle()
      }
    }
    return exposed as unknown as Exposed<M>
  }

  const followMembers = (call: Call, room_id: string, newest: Newest) =>
    upkeep.follow(call, room_id, [indexes.members.index], newest)

  function exposeAll<Methods extends Record<string, Method>>(methods: Methods) {
    const exposed = Object.entries(methods).map(([name, method]) => [name, expose(method)])
    return Object.fromEntries(exposed) as { [Name in keyof Methods]: Exposed<Methods[Name]> }
  }

  /** Brings member rows and record up to date if the log has membership events that they do not reflect. */
  async function settle(call: Call, room_id: string) {
    const { events, head } = await readState(call, room_id, [], Number.MAX_SAFE_INTEGER)
    if (events.length > 0) await followMembers(call, room_id, { seq: head })
  }

  /**
   * Indexes membership events before the promise resolves, so that lists of rooms and members show them from then on.
   * If indexing fails, the events are stored anyway; the outcome is unknown, as for any append that failed.
   */
  async function append(call: Call, room_id: string, after: number, appended: StoredEvent[]) {
    assert(appended.length > 0 && appended.length <= BATCH_MAX)
    assert(appended.every(({ seq }, i) => seq === after + 1 + i))
    const changesMembers = appended.some(({ type }) => membershipTypes.has(type))
    let at = 0
    try {
      for (const events of inserts(appended)) {
        const [first] = events as [StoredEvent]
        const { name } = first.type === 'room_changed' ? (first.data ?? {}) : {}
        if (name !== undefined && !(await claims.claim(call, name, room_id, first.seq))) throw new NameTaken(first.seq)
        await collections.events.insertMany(events.map(eventDocument), { ...call, ordered: true })
        at += events.length
      }
    } catch (error) {
      // If the very first one was refused, nothing is stored, except when the driver's retry collided with its own first
      // attempt. Messages are then indexed with the next ones, or when they are searched.
      const isRefused = isDuplicate(error) && at === 0 && (error as MongoBulkWriteError).insertedCount === 0
      if (!isRefused || changesMembers) upkeep.behind(room_id, Number.MAX_SAFE_INTEGER)
      throw isDuplicate(error) ? new Conflict(`A seq or a client_id is taken in room ${room_id}`) : error
    }
    upkeep.appended(room_id, appended)
    if (changesMembers) {
      await followMembers(call, room_id, appended.at(-1) as StoredEvent)
    }
  }

  return {
    description: `mongodb, database ${db.databaseName}`,
    shared: true,
    connections,
    observe,
    epoch,
    ping: expose(async (call: Call) => {
      await db.command({ ping: 1 }, call)
    }),
    readEpoch: expose(async (call: Call) => {
      const found = await collections.meta.find({ _id: { $in: ['epoch', 'schema_version'] } }, call).toArray()
      const [current, version] = ['epoch', 'schema_version'].map(name => found.find(({ _id }) => _id === name)?.value)
      left ||= leftSince(version) !== undefined
      if (left) return version as string
      // A database that is still starting or being restored has no epoch yet; that does not make it another store.
      if (current === undefined) throw new errors.StoreUnavailable()
      return current
    }),
    close() {
      closing ??= (async () => {
        await upkeep.close()
        if (under_way > 0) {
          await new Promise<void>(resolve => {
            idle = resolve
          })
        }
      })()
      return closing
    },

    ...exposeAll(people),
    ...exposeAll(createWorkLeases(collections)),
    ...exposeAll(createIndexReads(indexes, settle, upkeep.follow)),

    createRoom: expose(async (call: Call, record: RoomRecord, created: StoredEvent) => {
      await rooms.createRoom(call, record, created)
      await followMembers(call, record.id, created)
      upkeep.appended(record.id, [created])
    }),
    readRoom: expose(async (call: Call, id: string) => {
      await settle(call, id)
      return rooms.readRoom(call, id)
    }),
    listAllRooms: expose(rooms.listAllRooms),
    listRooms: expose(async (call: Call, username: string, query: RoomQuery) => {
      const found = await rooms.findRooms(call, username, query)
      const listed = found.map(({ _id, name }) => ({ id: _id, name }))
      return roomPage(query, listed, () => readStandings(call, username, found.slice(0, query.limit)))
    }),
    listDirect: expose(async (call: Call, username: string, query: DirectQuery) => {
      const { found, examined } = await listDirect(call, username, query)
      const read = async (ids: string[]) => readStandings(call, username, await rooms.readRooms(call, ids))
      return { ...(await directPage(query, found, read)), examined }
    }),
    readStandings: expose(async (call: Call, username: string, room_ids: string[]) =>
      readStandings(call, username, await rooms.readRooms(call, room_ids)),
    ),

    listMentions: expose(mentions.listMentions),

    append: expose(append),
    trimLog: expose(log.trim),
    readHead: expose(log.readHead),
    findAhead: expose(log.findAhead),
    readEvents: expose(log.readEvents),
    readByClientId: expose(log.readByClientId),
    readState: expose(async (call: Call, room_id: string, usernames: string[], since: number) => {
      const read = await readState(call, room_id, usernames, since)
      if (read.room !== null && read.room.indexed_seq < read.head) upkeep.behind(room_id, read.head)
      return read
    }),
    findByAuthor: expose(log.findByAuthor),
    findNth: expose(log.findNth),
    readTargets: expose(log.readTargets),
    readEdits: expose(log.readEdits),
    readPage: expose(log.readPage),
    countUnread: expose(log.countUnread),
    readNewest: expose(log.readNewest),
    readByType: expose(log.readByType),
  }
}
