import type { StoredEvent } from '../../../../schemas/event.js'
import { membershipTypes } from '../../../../schemas/event-types.js'
import type { MemberRow, RoomRecord } from '../../../../schemas/room.js'
import { foldMember, foldRoom } from '../../log/fold.js'
import { foldName, sortKey } from '../../log/name.js'
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

/** Members of rooms, and the fields of a room's record that derive from its log: owner, member count, deleted. */
export const members: LogIndex = {
  name: 'members',
  tables: `
create table members (
  room_id text not null,
  username text not null collate nocase,
  seq integer not null,
  is_member integer not null,
  primary key (room_id, username)
) without rowid;
create index members_present on members (room_id, username) where is_member = 1;
create index members_username on members (username) where is_member = 1;
`,
  types: membershipTypes,

  apply(db, room_id, events) {
    updateRecord(db, room_id, events)
    for (const event of events) {
      const row = foldMember(event)
      if (row === null) continue
      db.run(
        `insert into members (${MEMBER_COLUMNS}) values (${placeholders(MEMBER_COLUMNS)})
         on conflict do update set seq = excluded.seq, is_member = excluded.is_member`,
        memberValues(row),
      )
    }
  },
}

function updateRecord(db: Sqlite, room_id: string, events: StoredEvent[]) {
  const row = db.get<RoomRow>(`select ${ROOM_COLUMNS} from rooms where id = ?`, [room_id])
  if (row === undefined) return
  const before: RoomRecord = { ...toRoom(row), indexed_seq: (events[0] as StoredEvent).seq - 1 }
  const room = events.reduce(foldRoom, before)
  db.run('update rooms set owner = ?, member_count = ?, deleted = ? where id = ?', [
    room.owner,
    room.member_count,
    room.deleted,
    room_id,
  ])
  if (room.name !== before.name) {
    db.run('update rooms set name = ?, name_folded = ?, name_sort = ? where id = ?', [
      room.name,
      foldName(room.name),
      sortKey(room.name),
      room_id,
    ])
  }
  if (room.deleted) db.run('insert or ignore into purges (room_id, seq) values (?, 0)', [room_id])
}

export function createMemberReads(db: Sqlite) {
  return {
    readMember(room_id: string, username: string): MemberRow | null {
      const row = db.get<MemberRowRow>(`select ${MEMBER_COLUMNS} from members where room_id = ? and username = ?`, [
        room_id,
        username,
      ])
      return row === undefined ? null : toMember(row)
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
