import {
  type Kind,
  type Rows,
  type SealedSource,
  type Sink,
  type Source,
  TRANSFER_BATCH,
  unfinished,
} from '../transfer.js'
import { openConnection } from './connection.js'
import { holdsStore, makeTables, prepareFolder, readMeta, takeFolder } from './folder.js'
import { immediate, rebuild } from './indexes.js'
import {
  EVENT_COLUMNS,
  eventValues,
  INVITE_COLUMNS,
  inviteValues,
  MEMBER_COLUMNS,
  memberValues,
  placeholders,
  ROOM_COLUMNS,
  roomValues,
  SESSION_COLUMNS,
  STORED_ROOM_COLUMNS,
  sessionValues,
  toEvent,
  toInvite,
  toMember,
  toRoom,
  toUser,
  USER_COLUMNS,
  userValues,
} from './rows.js'
import { Sqlite, type Value } from './sqlite.js'
import { SCHEMA_VERSION } from './tables.js'
import { keepDuplicates } from './upgrade.js'

/** How rows of each kind are read in key order and converted. Keys of two columns are compared as pairs. */
const reads: { [K in Kind]: { columns: string; key: string[]; toRow: (row: never) => Rows[K] } } = {
  users: { columns: USER_COLUMNS, key: ['username'], toRow: toUser },
  sessions: { columns: SESSION_COLUMNS, key: ['id'], toRow: row => row },
  rooms: { columns: ROOM_COLUMNS, key: ['id'], toRow: toRoom },
  members: { columns: MEMBER_COLUMNS, key: ['room_id', 'username'], toRow: toMember },
  invites: { columns: INVITE_COLUMNS, key: ['room_id', 'id'], toRow: toInvite },
  marks: { columns: 'lower(username) as username, room_id, seq', key: ['username', 'room_id'], toRow: row => row },
  events: { columns: EVENT_COLUMNS, key: ['room_id', 'seq'], toRow: toEvent },
}

function createDump(db: Sqlite): Source['dump'] {
  return async function* <K extends Kind>(kind: K) {
    const { columns, key, toRow } = reads[kind]
    const list = key.join()
    // Less than every key.
    let after: Value[] = key.map(column => (column === 'seq' || (kind === 'invites' && column === 'id') ? 0 : ''))
    for (;;) {
      const rows = db.all<Record<string, Value>>(
        `select ${columns} from ${kind} where (${list}) > (${key.map(() => '?').join()}) order by ${list} limit ${TRANSFER_BATCH}`,
        after,
      )
      const last = rows.at(-1)
      if (last === undefined) return
      yield rows.map(row => toRow(row as never))
      after = key.map(column => last[column] as Value)
    }
  }
}

/** @throws an Error whose message is one plain sentence; also if a server is running on the folder */
export function openEmbeddedSource(dataDir: string): SealedSource {
  if (!holdsStore(dataDir)) throw new Error(`DATA_DIR ${dataDir} holds no store`)
  const folder = prepareFolder(dataDir)
  const db = openConnection(folder.file, 'reader')
  return {
    epoch: folder.epoch,
    dump: createDump(db),
    // No server runs while we hold the folder.
    seal: async () => {},
    async close() {
      db.close()
      folder.release()
    },
  }
}

/** How each kind is inserted. */
const inserts: { [K in Kind]: { columns: string; toValues: (row: Rows[K]) => Value[] } } = {
  users: { columns: USER_COLUMNS, toValues: userValues },
  sessions: { columns: SESSION_COLUMNS, toValues: sessionValues },
  rooms: { columns: STORED_ROOM_COLUMNS, toValues: roomValues },
  members: { columns: MEMBER_COLUMNS, toValues: memberValues },
  invites: { columns: INVITE_COLUMNS, toValues: inviteValues },
  marks: { columns: 'username, room_id, seq', toValues: row => [row.username, row.room_id, row.seq] },
  events: { columns: EVENT_COLUMNS, toValues: eventValues },
}

/**
 * Opens a folder to load the store with `epoch` into.
 * @throws an Error whose message is one plain sentence, if the folder holds something else
 */
export function openEmbeddedSink(dataDir: string, epoch: string): Sink {
  const { file, release } = takeFolder(dataDir)
  let db: Sqlite | undefined
  try {
    db = new Sqlite(file, 0)
    const known = db.get("select name from sqlite_schema where type = 'table'")
    if (known === undefined) makeTables(db, epoch, unfinished(epoch))
    const { version, epoch: found } = readMeta(db)
    if (found !== epoch || (version !== unfinished(epoch) && version !== `${SCHEMA_VERSION}`)) {
      throw new Error(`DATA_DIR ${dataDir} already holds another store; name an empty folder`)
    }
    return createSink(db, release, epoch, version === `${SCHEMA_VERSION}`)
  } catch (error) {
    db?.close()
    release()
    throw error
  }
}

function createSink(db: Sqlite, release: () => void, epoch: string, isFinished: boolean): Sink {
  return {
    epoch,
    isFinished,
    dump: createDump(db),

    async load(kind, rows) {
      const { columns, toValues } = inserts[kind]
      db.transaction(() => {
        for (const row of rows)
          db.run(`insert or ignore into ${kind} (${columns}) values (${placeholders(columns)})`, toValues(row))
        if (kind !== 'rooms') return
        keepDuplicates(db, rows as Rows['rooms'][])
        for (const { id, deleted, emptied_seq } of rows as Rows['rooms'][]) {
          if (!deleted && emptied_seq === 0) continue
          const upto = deleted ? null : emptied_seq
          db.run('insert or ignore into purges (room_id, seq, upto) values (?, 0, ?)', [id, upto])
        }
      })
    },

    async finish() {
      // Indexes that are not copied as rows are built from the logs.
      db.transaction(() => {
        for (const index of immediate) if (!(index.name in inserts)) rebuild(db, index)
      })
      db.run("update meta set value = ? where name = 'schema_version'", [`${SCHEMA_VERSION}`])
    },

    async close() {
      db.close()
      release()
    },
  }
}
