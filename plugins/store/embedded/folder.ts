import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
} from 'node:fs'
import { join } from 'node:path'
import { reasonOf } from '../../config/reason.js'
import { newEpoch } from '../log/epoch.js'
import { CONTINUE, isUnfinished } from '../transfer.js'
import { makeDurable } from './durable.js'
import { ensureIndexes } from './indexes.js'
import { closeToOthers } from './modes.js'
import { Sqlite, SqliteError } from './sqlite.js'
import { isReadable, SCHEMA_VERSION, TABLES } from './tables.js'
import { upgrade } from './upgrade.js'

/** An unfinished copy of a restore; the names of SQLite's files beside it begin with this, too. */
export const RESTORE_PART = 'restore.part'

/**
 * Whether the folder has a store, whatever state it is in.
 * @throws Error, one sentence, if this user may not look into it
 */
export function holdsStore(dataDir: string): boolean {
  return ['', '-wal'].some(ending => {
    try {
      return statSync(join(dataDir, `talkie.db${ending}`)).size >= 0
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EACCES') return false
      throw new Error(`DATA_DIR ${dataDir} cannot be read: ${reason(error)}`)
    }
  })
}

/** The folder of an embedded store, locked by this process until `release`. */
export interface Folder {
  file: string
  epoch: string
  release(): void
}

/**
 * Creates the folder and the store in it if they are missing, and locks it.
 *
 * @throws an Error whose message is one plain sentence for the operator
 */
export function prepareFolder(dataDir: string): Folder {
  const { file, release } = takeFolder(dataDir)
  try {
    return { file, epoch: prepareFile(file), release }
  } catch (error) {
    release()
    throw error
  }
}

/** Creates the folder if it is missing and locks it, whatever it contains. @throws as `prepareFolder` */
export function takeFolder(dataDir: string): Omit<Folder, 'epoch'> {
  makeWritable(dataDir)
  const release = hold(dataDir)
  // What a killed restore left.
  for (const name of readdirSync(dataDir))
    if (name.startsWith(RESTORE_PART)) rmSync(join(dataDir, name), { recursive: true })
  closeToOthers(dataDir)
  return { file: join(dataDir, 'talkie.db'), release }
}

function makeWritable(dataDir: string) {
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 })
    accessSync(dataDir, constants.R_OK | constants.W_OK | constants.X_OK)
    for (const name of ['talkie.db', 'talkie.lock']) {
      const file = join(dataDir, name)
      if (existsSync(file)) accessSync(file, constants.R_OK | constants.W_OK)
    }
  } catch (error) {
    throw new Error(`DATA_DIR ${dataDir} is not a writable folder: ${reason(error)}`)
  }
}

/**
 * Keeps a second process from writing to the same store, since events of one would not reach the other's sockets.
 * SQLite takes the lock, on a small separate file, so it is released however the process ends.
 */
function hold(dataDir: string): () => void {
  const file = join(dataDir, 'talkie.lock')
  let lock: Sqlite | undefined
  try {
    lock = new Sqlite(file, 0)
    lock.exec('pragma journal_mode = delete; pragma locking_mode = exclusive; begin exclusive; commit')
    return lock.close.bind(lock)
  } catch (error) {
    lock?.close()
    if (error instanceof SqliteError && error.code === 'SQLITE_BUSY') {
      throw new Error(`DATA_DIR ${dataDir} is in use by another process`)
    }
    const advice = isDamage(error) ? '; if no server is using this folder, delete that file' : ''
    throw new Error(`${file} cannot be locked (${reason(error)})${advice}`)
  }
}

/** @returns the store's epoch */
function prepareFile(file: string): string {
  let db: Sqlite | undefined
  try {
    if (!existsSync(file) && !existsSync(`${file}-wal`)) makeFile(file)
    if (!existsSync(file) || statSync(file).size === 0) {
      throw new Error(
        `${file} is empty or missing; restore it from a backup, or for a new server delete it and ${file}-wal`,
      )
    }
    db = new Sqlite(file, 0)
    const epoch = readEpoch(db, file)
    upgrade(db)
    ensureIndexes(db)
    return epoch
  } catch (error) {
    if (!(error instanceof SqliteError)) throw error
    const advice = isDamage(error) ? '; restore it from a backup' : ''
    throw new Error(`${file} cannot be read as a store of this server (${reason(error)})${advice}`)
  } finally {
    db?.close()
  }
}

/** Creates an empty store. A start that is killed midway leaves no file that looks like one. */
function makeFile(file: string) {
  const part = `${file}.part`
  for (const ending of ['', '-wal', '-shm']) rmSync(part + ending, { force: true })
  closeSync(openSync(part, 'wx', 0o600))
  const db = new Sqlite(part, 0)
  try {
    makeTables(db, newEpoch(), `${SCHEMA_VERSION}`)
    db.exec('pragma wal_checkpoint(truncate)')
  } finally {
    db.close()
  }
  makeDurable(part, file)
  for (const ending of ['-wal', '-shm']) rmSync(part + ending, { force: true })
}

/** @param version any value except SCHEMA_VERSION keeps servers from opening it */
export function makeTables(db: Sqlite, epoch: string, version: string) {
  db.exec('pragma journal_mode = wal; pragma synchronous = full')
  db.transaction(() => {
    db.exec(TABLES)
    db.run("insert into meta (name, value) values ('schema_version', ?), ('epoch', ?)", [version, epoch])
  })
}

/** Version and epoch of a store. @throws SqliteError if the file is not a store */
export function readMeta(db: Sqlite): { version: string | undefined; epoch: string | undefined } {
  const rows = db.all<{ name: string; value: string }>('select name, value from meta')
  const meta = new Map(rows.map(({ name, value }) => [name, value]))
  return { version: meta.get('schema_version'), epoch: meta.get('epoch') }
}

function readEpoch(db: Sqlite, file: string): string {
  const { version, epoch } = readMeta(db)
  if (isUnfinished(version)) throw new Error(`${file} is half migrated: ${CONTINUE}`)
  if (!isReadable(version)) {
    throw new Error(`${file} has schema version ${version}, but this server reads version ${SCHEMA_VERSION} only`)
  }
  return epoch as string
}

/** Whether the file's content is at fault, not its disk, its rights or another process. */
const isDamage = (error: unknown) => error instanceof SqliteError && /^SQLITE_(CORRUPT|ERROR|NOTADB)/.test(error.code)

const reason = (error: unknown) => reasonOf(error) ?? (error as Error).message
