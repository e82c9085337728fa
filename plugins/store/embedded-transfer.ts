import { openConnection } from './connection.js'
import { makeTables, prepareFolder, takeFolder } from './folder.js'
import {
  type EventRow,
  foldName,
  type MemberRowRow,
  ROOM_COLUMNS,
  type RoomRow,
  toEvent,
  toMember,
  toRoom,
} from './rows.js'
import { Sqlite, type Value } from './sqlite.js'
import { SCHEMA_VERSION } from './tables.js'
import { type Kind, type Rows, type Sink, type Source, TRANSFER_BATCH, unfinished } from './transfer.js'

const EVENT_COLUMNS = 'room_id, seq, type, username, client_id, created_at, target, member, text, reply_to, data'

/** How each kind is read by key, and what a row becomes. Keys of two columns are compared as pairs. */
const reads: { [K in Kind]: { columns: string; key: string[]; toRow: (row: never) => Rows[K] } } = {
  users: {
    columns: 'username, display_name, bio, avatar_color, status, created_at, password_hash',
    key: ['username'],
    toRow: row => row,
  },
  sessions: { columns: 'id, username, created_at, expires_at', key: ['id'], toRow: row => row },
  rooms: { columns: ROOM_COLUMNS, key: ['id'], toRow: (row: RoomRow) => toRoom(row) },
  members: {
    columns: 'room_id, username, seq, is_member',
    key: ['room_id', 'username'],
    toRow: (row: MemberRowRow) => toMember(row),
  },
  marks: { columns: 'lower(username) as username, room_id, seq', key: ['username', 'room_id'], toRow: row => row },
  events: { columns: EVENT_COLUMNS, key: ['room_id', 'seq'], toRow: (row: EventRow) => toEvent(row) },
}

function createDump(db: Sqlite): Source['dump'] {
  return async function* <K extends Kind>(kind: K) {
    const { columns, key, toRow } = reads[kind]
    const list = key.join()
    // Below every text and number that a key begins with.
    let after: Value[] = key.map(column => (column === 'seq' ? 0 : ''))
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

/** @throws an Error whose message is one plain sentence; also where a server runs on the folder */
export function openEmbeddedSource(dataDir: string): Source {
  const folder = prepareFolder(dataDir)
  const db = openConnection(folder.file, 'reader')
  return {
    epoch: folder.epoch,
    dump: createDump(db),
    async close() {
      db.close()
      folder.release()
    },
  }
}

/** Rows as they are inserted: one value a column. */
const inserts: { [K in Kind]: { columns: string; toValues: (row: Rows[K]) => Value[] } } = {
  users: {
    columns: 'username, display_name, bio, avatar_color, status, created_at, password_hash',
    toValues: row => [
      row.username,
      row.display_name,
      row.bio,
      row.avatar_color,
      row.status,
      row.created_at,
      row.password_hash,
    ],
  },
  sessions: {
    columns: 'id, username, created_at, expires_at',
    toValues: row => [row.id, row.username, row.created_at, row.expires_at],
  },
  rooms: {
    columns:
      'id, name, name_folded, description, is_public, max_members, owner, member_count, password_hash, created_at, deleted',
    toValues: row => [
      row.id,
      row.name,
      foldName(row.name),
      row.description,
      row.is_public,
      row.max_members,
      row.owner,
      row.member_count,
      row.password_hash,
      row.created_at,
      row.deleted,
    ],
  },
  members: {
    columns: 'room_id, username, seq, is_member',
    toValues: row => [row.room_id, row.username, row.seq, row.is_member],
  },
  marks: { columns: 'username, room_id, seq', toValues: row => [row.username, row.room_id, row.seq] },
  events: {
    columns: EVENT_COLUMNS,
    toValues: row => [
      row.room_id,
      row.seq,
      row.type,
      row.username,
      row.client_id,
      row.created_at,
      row.target ?? null,
      row.member ?? null,
      row.text ?? null,
      row.reply_to ?? null,
      row.data === undefined ? null : JSON.stringify(row.data),
    ],
  },
}

/**
 * A folder that takes the store with `epoch`.
 * @throws an Error whose message is one plain sentence, where the folder holds something else
 */
export function openEmbeddedSink(dataDir: string, epoch: string): Sink {
  const { file, release } = takeFolder(dataDir)
  let db: Sqlite | undefined
  try {
    db = new Sqlite(file, 0)
    const known = db.get("select name from sqlite_schema where type = 'table'")
    if (known === undefined) makeTables(db, epoch, unfinished(epoch))
    const version = db.get<{ value: string }>("select value from meta where name = 'schema_version'")?.value
    const found = db.get<{ value: string }>("select value from meta where name = 'epoch'")?.value
    if (found !== epoch || (version !== unfinished(epoch) && version !== `${SCHEMA_VERSION}`)) {
      throw new Error(`DATA_DIR ${dataDir} holds another store already; name an empty folder`)
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
      const marks = columns.replace(/\w+/g, '?')
      db.transaction(() => {
        for (const row of rows) db.run(`insert or ignore into ${kind} (${columns}) values (${marks})`, toValues(row))
        if (kind !== 'rooms') return
        for (const { id, deleted } of rows as Rows['rooms'][]) {
          if (deleted) db.run('insert or ignore into purges (room_id, seq) values (?, 0)', [id])
        }
      })
    },

    async finish() {
      db.run("update meta set value = ? where name = 'schema_version'", [`${SCHEMA_VERSION}`])
    },

    async close() {
      db.close()
      release()
    },
  }
}
