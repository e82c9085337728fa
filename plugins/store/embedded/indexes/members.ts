import type { StoredEvent } from '../../../../schemas/event.js'
import { membershipTypes } from '../../../../schemas/event-types.js'
import type { MemberRow, RoomRecord } from '../../../../schemas/room.js'
import { limits } from '../../../../schemas/wire.js'
import { foldMember, foldRoom, membersOf } from '../../log/fold.js'
import { foldName, keyOfDuplicate, sortKey } from '../../log/name.js'
import type { LogIndex } from '../log-index.js'
import {
  MEMBER_COLUMNS,
  type MemberRowRow,
  memberValues,
  placeholders,
  ROOM_COLUMNS,
  type RoomRow,
  toMember,
  toRoom,
} from '../rows.js'
import type { Sqlite } from '../sqlite.js'

/** All rows of a user. */
export const ROWS_INDEX = 'create index members_rows on members (username, room_id);'

/** Members of rooms, and the fields of a room's record that derive from its log. */
export const members: LogIndex = {
  name: 'members',
  tables: `
create table members (
  room_id text not null,
  username text not null collate nocase,
  seq integer not null,
  is_member integer not null,
  role text,
  banned text,
  muted text,
  blocks text,
  refuses_adding integer not null default 0,
  since integer,
  primary key (room_id, username)
) without rowid;
create index members_present on members (room_id, username) where is_member = 1;
create index members_username on members (username) where is_member = 1;
${ROWS_INDEX}
create index members_banned on members (room_id, username) where banned is not null;
create index members_blocks on members (username) where blocks is not null;
`,
  types: membershipTypes,

  apply(db, room_id, events) {
    updateRecord(db, room_id, events)
    for (const event of events) {
      for (const username of membersOf(event)) {
        // A rebuild goes through the whole log again.
        const before = event.type === 'created' ? null : readMember(db, room_id, username)
        const row = foldMember(event, username, before)
        if (row === null) continue
        db.run(
          `insert into members (${MEMBER_COLUMNS}) values (${placeholders(MEMBER_COLUMNS)})
           on conflict do update set seq = excluded.seq, is_member = excluded.is_member, role = excluded.role,
             banned = excluded.banned, muted = excluded.muted, blocks = excluded.blocks,
             refuses_adding = excluded.refuses_adding, since = excluded.since`,
          memberValues(row),
        )
      }
    }
  },
}

function updateRecord(db: Sqlite, room_id: string, events: StoredEvent[]) {
  const row = db.get<RoomRow>(`select ${ROOM_COLUMNS} from rooms where id = ?`, [room_id])
  if (row === undefined) return
  const before: RoomRecord = { ...toRoom(row), indexed_seq: (events[0] as StoredEvent).seq - 1 }
  const room = events.reduce(foldRoom, before)
  db.run(
    `update rooms set description = ?, is_public = ?, max_members = ?, owner = ?, member_count = ?, password_hash = ?,
       slow_mode_s = ?, retention_h = ?, retention_count = ?, emptied_seq = ?, deleted = ?, invites = ?, direct = ?, preview = ?,
       read_counts = ?
     where id = ?`,
    [
      room.description,
      room.is_public,
      room.max_members,
      room.owner,
      room.member_count,
      room.password_hash,
      room.slow_mode_s,
      room.retention_h,
      room.retention_count,
      room.emptied_seq,
      room.deleted,
      room.invites === undefined ? null : JSON.stringify(room.invites),
      room.direct ? JSON.stringify(room.direct) : null,
      room.preview ?? true,
      room.read_counts ?? true,
      room_id,
    ],
  )
  if (room.name !== before.name) {
    // Only during a rebuild, in which the room gets all its names again, one after the other.
    const isTaken = !room.deleted && isNameTaken(db, room_id, room.name)
    db.run('update rooms set name = ?, name_folded = ?, name_sort = ? where id = ?', [
      room.name,
      isTaken ? keyOfDuplicate(room.name, room_id) : foldName(room.name),
      sortKey(room.name),
      room_id,
    ])
  }
  if (room.deleted) {
    db.run('insert into purges (room_id, seq) values (?, 0) on conflict do update set upto = null', [room_id])
  } else if (room.emptied_seq > before.emptied_seq) {
    db.run(`insert into purges (room_id, seq, upto) values (?1, ?2, ?3) on conflict do update set upto = ?3`, [
      room_id,
      before.emptied_seq,
      room.emptied_seq,
    ])
  }
}

/** Whether another room that exists has the name. */
export const isNameTaken = (db: Sqlite, room_id: string, name: string) =>
  db.get('select 1 as found from rooms where name_folded = ? and deleted = 0 and direct is null and id <> ?', [
    foldName(name),
    room_id,
  ]) !== undefined

function readMember(db: Sqlite, room_id: string, username: string): MemberRow | null {
  const row = db.get<MemberRowRow>(`select ${MEMBER_COLUMNS} from members where room_id = ? and username = ?`, [
    room_id,
    username,
  ])
  return row === undefined ? null : toMember(row)
}

export function createMemberReads(db: Sqlite) {
  return {
    readMember: (room_id: string, username: string) => readMember(db, room_id, username),

    listBanned(room_id: string, { after = '', limit }: { after?: string; limit: number }): MemberRow[] {
      const rows = db.all<MemberRowRow>(
        `select ${MEMBER_COLUMNS} from members indexed by members_banned
         where room_id = ? and banned is not null and username > ? order by username limit ?`,
        [room_id, after, limit],
      )
      return rows.map(toMember)
    },

    listMemberships(username: string, { after = '', limit }: { after?: string; limit: number }): MemberRow[] {
      const rows = db.all<MemberRowRow>(
        `select ${MEMBER_COLUMNS} from members indexed by members_rows
         where username = ? and room_id > ? order by room_id limit ?`,
        [username, after, limit],
      )
      return rows.map(toMember)
    },

    listBlocks(username: string): MemberRow[] {
      const rows = db.all<MemberRowRow>(
        `select ${MEMBER_COLUMNS} from members indexed by members_blocks
         where username = ? and blocks is not null order by room_id limit ${limits.BLOCKS_MAX}`,
        [username],
      )
      return rows.map(toMember)
    },

    listMembers(room_id: string, { after = '', limit }: { after?: string; limit: number }): MemberRow[] {
      const rows = db.all<MemberRowRow>(
        `select ${MEMBER_COLUMNS} from members indexed by members_present
         where room_id = ? and is_member = 1 and username > ? order by username limit ?`,
        [room_id, after, limit],
      )
      return rows.map(toMember)
    },
  }
}
