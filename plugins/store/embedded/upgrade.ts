import type { RoomRecord } from '../../../schemas/room.js'
import { foldName, keyOfDuplicate, sortKey } from '../log/name.js'
import { ROWS_INDEX } from './indexes/members.js'
import { placeholders, roomValues, STORED_ROOM_COLUMNS } from './rows.js'
import type { Sqlite } from './sqlite.js'
import { DELETION_INDEX, ROOM_NAME_INDEXES, SCHEMA_VERSION } from './tables.js'

/** Brings a store of an older version up to this one, whole or not at all. */
export function upgrade(db: Sqlite) {
  const version = db.get<{ value: string }>("select value from meta where name = 'schema_version'")?.value
  if (version === `${SCHEMA_VERSION}`) return
  db.transaction(() => {
    if (Number(version) < 7) db.exec('alter table rooms add column direct text')
    if (Number(version) < 3) {
      // `ensureIndexes` makes it again, and the texts are indexed anew behind the commits.
      db.exec('drop table if exists terms')
      nameRooms(db)
    }
    if (Number(version) < 4) {
      addAccountColumns(db)
      db.exec('drop index if exists rooms_name')
      db.exec('alter table rooms add column slow_mode_s integer not null default 0')
      // `ensureIndexes` makes it again, with roles, bans and mutes, from the logs.
      db.exec('drop table if exists members')
    }
    if (Number(version) < 5) db.exec('alter table rooms add column invites text')
    if (Number(version) < 6) addDeletionColumns(db)
    if (Number(version) < 7) addDirect(db)
    if (Number(version) < 8) addPreview(db)
    if (Number(version) < 9) addRetentionColumns(db)
    // Version 9 did not keep since when users are members. `ensureIndexes` makes the table again from the logs.
    if (Number(version) < 10) db.exec('drop table if exists members')
    // Version 11 had no read counts.
    if (Number(version) < 12) db.exec('alter table rooms add column read_counts integer not null default 1')
    db.run("update meta set value = ? where name = 'schema_version'", [`${SCHEMA_VERSION}`])
  })
}

/** Version 7 knew no previews, and nobody who refuses to be added. */
function addPreview(db: Sqlite) {
  db.exec('alter table rooms add column preview integer not null default 1')
  if (db.get("select 1 as found from sqlite_schema where name = 'members'") === undefined) return
  db.exec('alter table members add column refuses_adding integer not null default 0')
}

/** Version 6 knew no direct conversations and no blocks. */
function addDirect(db: Sqlite) {
  db.exec(`drop index if exists rooms_name_folded; drop index if exists rooms_public; ${ROOM_NAME_INDEXES}`)
  if (db.get("select 1 as found from sqlite_schema where name = 'members'") === undefined) return
  db.exec(`
    alter table members add column blocks text;
    create index members_blocks on members (username) where blocks is not null;
  `)
}

/** Version 3 ended sessions one by one, and knew nothing of a session but its times. */
function addAccountColumns(db: Sqlite) {
  db.exec(`
    alter table users add column generation integer not null default 0;
    alter table users add column kept_session text;
    alter table users add column is_admin integer not null default 0;
    alter table users add column reset_hash text;
    alter table users add column reset_expires_at text;
    alter table sessions add column generation integer not null default 0;
    alter table sessions add column device text not null default '';
    alter table sessions add column address text not null default '';
    alter table sessions add column last_seen_at text not null default '';
    update sessions set last_seen_at = created_at;
  `)
}

/** Version 5 knew no deleted accounts. */
function addDeletionColumns(db: Sqlite) {
  db.exec(`
    alter table users add column deletion text;
    alter table users add column deleted_at text;
    alter table users add column deletion_done integer not null default 0;
    ${DELETION_INDEX}
  `)
  // Without it, the table is missing and is made again with all its indexes.
  const members = db.get("select 1 as found from sqlite_schema where type = 'table' and name = 'members'")
  if (members !== undefined) db.exec(ROWS_INDEX)
}

/** Version 8 kept all messages. */
function addRetentionColumns(db: Sqlite) {
  db.exec(`
    alter table rooms add column retention_h integer not null default 0;
    alter table rooms add column retention_count integer not null default 0;
    alter table rooms add column emptied_seq integer not null default 0;
    alter table purges add column upto integer;
  `)
}

/** Version 2 told names apart by case and sorted them by code points. Of rooms with one name, the oldest keeps it. */
function nameRooms(db: Sqlite) {
  db.exec(`alter table rooms add column name_sort text not null default ''; drop index if exists rooms_public`)
  const taken = new Set<string>()
  const rooms = db.all<{ id: string; name: string; deleted: number }>(
    'select id, name, deleted from rooms order by created_at, id',
  )
  for (const { id, name, deleted } of rooms) {
    const folded = foldName(name)
    const key = taken.has(folded) ? keyOfDuplicate(name, id) : folded
    if (deleted === 0) taken.add(key)
    db.run('update rooms set name_folded = ?, name_sort = ? where id = ?', [key, sortKey(name), id])
  }
  db.exec(ROOM_NAME_INDEXES)
}

/** Puts the rooms in that an insert ignored, because an older server let two of them have one name. */
export function keepDuplicates(db: Sqlite, rooms: RoomRecord[]) {
  for (const room of rooms) {
    if (db.get('select 1 as found from rooms where id = ?', [room.id]) !== undefined) continue
    const values = roomValues(room)
    values[STORED_ROOM_COLUMNS.split(', ').indexOf('name_folded')] = keyOfDuplicate(room.name, room.id)
    db.run(`insert into rooms (${STORED_ROOM_COLUMNS}) values (${placeholders(STORED_ROOM_COLUMNS)})`, values)
  }
}
