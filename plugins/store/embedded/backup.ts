import { chmodSync, closeSync, copyFileSync, existsSync, openSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { reasonOf } from '../../config/reason.js'
import { newEpoch } from '../log/epoch.js'
import { RESERVED_NAMES } from '../log/mentions.js'
import { CONTINUE, isUnfinished } from '../transfer.js'
import { BUSY_MS, openConnection } from './connection.js'
import { makeDurable } from './durable.js'
import { holdsStore, RESTORE_PART, readMeta, takeFolder } from './folder.js'
import { Sqlite } from './sqlite.js'
import { isReadable, SCHEMA_VERSION } from './tables.js'

/** Row counts of a backup. */
interface Contents {
  users: number
  rooms: number
  events: number
}

/** Files that a folder without a store may contain: lock, development secret, leftovers of a killed start. */
const mayLieThere = (name: string) =>
  ['talkie.lock', 'jwt-secret', 'talkie.db.part'].some(known => name.startsWith(known))

/**
 * Copies a consistent snapshot of the store into a new file that only its owner can read. A server may keep writing to
 * the folder; the copy contains what was committed when it began.
 *
 * @throws an Error whose message is one plain sentence; no file is left then
 */
export function backupEmbedded(dataDir: string, target: string): Contents {
  const source = join(dataDir, 'talkie.db')
  if (!holdsStore(dataDir)) throw new Error(`DATA_DIR ${dataDir} holds no store`)
  if (existsSync(target)) throw new Error(`${target} already exists: name another file`)
  const part = `${target}.part`
  rmSync(part, { force: true })
  let db: Sqlite | undefined
  try {
    closeSync(openSync(part, 'wx', 0o600))
    db = new Sqlite(source, BUSY_MS)
    db.run('vacuum into ?', [part])
    const contents = verifyCopy(part)
    makeDurable(part, target)
    return contents
  } catch (error) {
    rmSync(part, { force: true })
    throw describe(error, `${source} cannot be copied to ${target}`)
  } finally {
    db?.close()
  }
}

/**
 * Restores a backup into a folder without a store. The result counts as another store: it gets a new epoch, so that
 * clients discard what they have cached, and loses all sessions, because those that ended after the backup would be
 * valid again.
 *
 * @throws an Error whose message is one plain sentence; the folder has no store then
 */
export function restoreEmbedded(file: string, dataDir: string): Contents {
  if (!existsSync(file)) throw new Error(`${file} not found`)
  const { release, file: target } = takeFolder(dataDir)
  try {
    const found = readdirSync(dataDir).find(name => !mayLieThere(name))
    if (found !== undefined) {
      throw new Error(`DATA_DIR ${dataDir} is not empty (${found}): move it away, as by mv ${dataDir} ${dataDir}.old`)
    }
    const part = join(dataDir, RESTORE_PART)
    try {
      copyFileSync(file, part)
      chmodSync(part, 0o600)
      const contents = verifyCopy(part)
      makeAnother(part)
      makeDurable(part, target)
      for (const ending of ['-wal', '-shm']) rmSync(part + ending, { force: true })
      return contents
    } catch (error) {
      throw describe(error, `${file} cannot be restored to ${dataDir}`)
    }
  } finally {
    release()
  }
}

/** Gives a store that was restored by other means a new epoch and ends its sessions. @throws as `restoreEmbedded` */
export function renewEmbedded(dataDir: string): Contents {
  if (!holdsStore(dataDir)) throw new Error(`DATA_DIR ${dataDir} holds no store`)
  const { file, release } = takeFolder(dataDir)
  try {
    const contents = verifyCopy(file)
    makeAnother(file)
    return contents
  } catch (error) {
    throw describe(error, `${file} cannot be changed`)
  } finally {
    release()
  }
}

function makeAnother(file: string) {
  const db = new Sqlite(file, BUSY_MS)
  try {
    db.exec('pragma journal_mode = wal; pragma synchronous = full')
    db.transaction(() => {
      db.run("update meta set value = ? where name = 'epoch'", [newEpoch()])
      db.run('delete from sessions')
    })
    db.exec('pragma wal_checkpoint(truncate)')
  } finally {
    db.close()
  }
}

/** @throws an Error whose message is one plain sentence, if the file is not an intact store or a log has a gap */
function verifyCopy(file: string): Contents {
  const db = new Sqlite(file, BUSY_MS)
  try {
    const { version } = readMeta(db)
    if (isUnfinished(version)) throw new Error(`it is half migrated: ${CONTINUE}`)
    if (!isReadable(version)) {
      throw new Error(`its schema version is ${version}, and this program reads ${SCHEMA_VERSION} only`)
    }
    const fault = db.get<{ says: string }>(
      "select integrity_check as says from pragma_integrity_check where integrity_check <> 'ok' limit 1",
    )
    if (fault !== undefined) throw new Error(`it is damaged: ${fault.says}`)
    const [room_id] = findHoles(db)
    if (room_id !== undefined) throw new Error(`the log of room ${room_id} has a gap`)
    const count = (table: string) =>
      db.get<{ count: number }>(`select count(*) as count from ${table}`)?.count as number
    return { users: count('users'), rooms: count('rooms where deleted = 0'), events: count('events') }
  } finally {
    db.close()
  }
}

/** Up to ten rooms whose log lacks a seq, or whose record has no log. */
function findHoles(db: Sqlite): string[] {
  const rows = db.all<{ room_id: string }>(
    `select room_id from events group by room_id having count(*) <> max(seq) or min(seq) <> 1
     union select id from rooms where not exists (select 1 from events where room_id = id) limit 10`,
  )
  return rows.map(({ room_id }) => room_id)
}

/** Rooms that `sampleEmbedded` reads, and the newest events of each that it reads. */
const SAMPLE_ROOMS = 100
const SAMPLE_EVENTS = 10_000

/** Checks a sample of a store, which a server may be using. @throws SqliteError if the file is damaged */
export function sampleEmbedded(file: string) {
  const db = openConnection(file, 'reader')
  try {
    const { version } = readMeta(db)
    const expected = `${SCHEMA_VERSION}`
    if (!isReadable(version)) return { version, expected, rooms: 0, holes: [], reserved: [] }
    const rooms = db.all<{ id: string }>(`select id from rooms order by random() limit ${SAMPLE_ROOMS}`)
    const holes = rooms.filter(({ id }) => {
      const row = db.get<{ count: number; head: number }>(
        `select count(*) as count, coalesce(max(seq), 0) as head from events
         where room_id = ?1 and seq > (select max(seq) from events where room_id = ?1) - ${SAMPLE_EVENTS}`,
        [id],
      )
      const { count = 0, head = 0 } = row ?? {}
      return count === 0 || count < Math.min(head, SAMPLE_EVENTS)
    })
    const reserved = db.all<{ username: string }>(
      'select username from users where username in (select value from json_each(?)) and deletion is null',
      [JSON.stringify(RESERVED_NAMES)],
    )
    return {
      ...{ version, expected, rooms: rooms.length },
      holes: holes.map(({ id }) => id),
      reserved: reserved.map(({ username }) => username),
    }
  } finally {
    db.close()
  }
}

function describe(error: unknown, what: string): Error {
  return new Error(`${what}: ${reasonOf(error) ?? (error as Error).message}`)
}
