import { parentPort, workerData } from 'node:worker_threads'
import { NameTaken } from '../store.js'
import { openConnection } from './connection.js'
import { createTermReads } from './indexes/terms.js'
import { SqliteError } from './sqlite.js'
import { BEHIND_MAX, createUpkeep } from './upkeep.js'
import { createWrites, type Write } from './writes.js'

/** Requests of the main thread: commit writes in one transaction, index a room's terms up to its head, or close. */
export type Request = { commit: Write[] } | { index: string } | { close: true }

/** Outcome of one write; nothing of it is stored unless it has a `value`. */
export type Outcome = { value: unknown } | { conflict: string } | { name_taken: number } | { error: string }

export type Reply =
  | { opened: true }
  | { committed: Outcome[] }
  /** The transaction failed and nothing of it is stored. */
  | { failed: string }
  | { indexed: string; reason?: string }
  /** Background work failed and will be retried. */
  | { upkeep_failed: string }

/**
 * Delay before new events are indexed, so that one transaction covers many messages of each room: together they cost a
 * fraction of what each costs alone. A search does not wait for it.
 */
const GATHER_MS = 1000
/**
 * Pause after each step of background work, times its duration: the steps of a second in one go would take the processor
 * from the sockets and delay the commits of all rooms.
 */
const REST = 4
/** Delay before background work is retried after a failure, such as a full disk. */
const RETRY_MS = 5000

const port = parentPort as NonNullable<typeof parentPort>
const reply = (message: Reply) => port.postMessage(message)

function open() {
  try {
    return openConnection(workerData as string, 'writer')
  } catch (error) {
    // An SqliteError would arrive at the main thread without its message.
    throw new Error((error as Error).message)
  }
}

const db = open()
const writes = createWrites(db)
const upkeep = createUpkeep(db)
const { isIndexed } = createTermReads(db)

const perform = ({ name, args }: Write) => (writes[name] as (...args: unknown[]) => unknown)(...args)

/** A violated constraint or an error not from SQLite fails one write; any other error fails the whole transaction. */
function attempt(write: Write): Outcome {
  db.run('savepoint one')
  try {
    const value = perform(write)
    db.run('release one')
    return { value }
  } catch (error) {
    const own = !(error instanceof SqliteError) || error.code.startsWith('SQLITE_CONSTRAINT')
    if (!own) throw error
    db.run('rollback to one')
    db.run('release one')
    if (error instanceof NameTaken) return { name_taken: error.seq }
    const taken = error instanceof SqliteError && /_(PRIMARYKEY|UNIQUE)$/.test(error.code)
    return taken ? { conflict: error.message } : { error: String(error) }
  }
}

/** Savepoints cost as much as the writes in them, so they are only used after a write has failed. */
function writeAll(batch: Write[]): Outcome[] {
  try {
    return db.transaction(() => batch.map(write => ({ value: perform(write) })))
  } catch {
    return db.transaction(() => batch.map(attempt))
  }
}

function commit(batch: Write[]) {
  let outcomes: Outcome[]
  try {
    outcomes = writeAll(batch)
  } catch (error) {
    reply({ failed: String(error) })
    return
  }
  reply({ committed: outcomes })
  for (const [i, { name, args }] of batch.entries()) {
    if (name === 'append' && 'value' in (outcomes[i] as Outcome)) upkeep.appended(args[0], args[2])
  }
}

/** Rooms that searches wait for. The main thread bounds their number. */
const wanted = new Set<string>()
let next: NodeJS.Timeout | NodeJS.Immediate | undefined
let failing = false

function index(room_id: string) {
  try {
    upkeep.step(room_id)
    if (!isIndexed(room_id)) return
    wanted.delete(room_id)
    reply({ indexed: room_id })
  } catch (error) {
    wanted.delete(room_id)
    reply({ indexed: room_id, reason: String(error) })
  }
}

function step() {
  try {
    upkeep.step()
    failing = false
  } catch (error) {
    if (!failing) reply({ upkeep_failed: String(error) })
    failing = true
  }
}

/** Does one step, then lets commits go first: those that have arrived if a search waits, otherwise those of some time. */
function work() {
  next = undefined
  const began = performance.now()
  const [room_id] = wanted
  if (room_id === undefined) step()
  else index(room_id)
  if (wanted.size > 0) next = setImmediate(work)
  else if (upkeep.inRound && !failing) next = setTimeout(work, REST * (performance.now() - began))
  else schedule()
}

function schedule() {
  if (wanted.size > 0) {
    stop()
    next = setImmediate(work)
  } else if (upkeep.pending && next === undefined) {
    next = setTimeout(work, failing ? RETRY_MS : GATHER_MS)
  }
}

function stop() {
  clearTimeout(next as NodeJS.Timeout)
  clearImmediate(next as NodeJS.Immediate)
  next = undefined
}

port.on('message', (request: Request) => {
  if ('commit' in request) {
    commit(request.commit)
    while (upkeep.events_behind > BEHIND_MAX && !failing) step()
  } else if ('index' in request) {
    wanted.add(request.index)
  } else {
    stop()
    // Leaves everything in the database file itself.
    db.exec('pragma wal_checkpoint(truncate)')
    db.close()
    port.close()
    return
  }
  schedule()
})
reply({ opened: true })
// Resumes work that was left by the previous process.
schedule()
