import type { EventType } from '../../../../schemas/event.js'
import type { InviteRow } from '../../../../schemas/stored-invite.js'
import { foldInviteRow, inviteOf } from '../../log/invites.js'
import type { LogIndex } from '../log-index.js'
import { INVITE_COLUMNS, inviteValues, placeholders, toInvite } from '../rows.js'
import type { Sqlite } from '../sqlite.js'

/** All invitations of rooms, also those that have ended. */
export const invites: LogIndex = {
  name: 'invites',
  tables: `
create table invites (
  room_id text not null,
  id integer not null,
  row text not null,
  primary key (room_id, id)
) without rowid;
`,
  types: new Set<EventType>(['invited', 'invite_revoked', 'invite_claimed', 'joined']),

  apply(db, room_id, events) {
    for (const event of events) {
      const id = inviteOf(event)
      if (id === undefined) continue
      const row = foldInviteRow(event, readInvite(db, room_id, id))
      if (row === null) continue
      db.run(
        `insert or replace into invites (${INVITE_COLUMNS}) values (${placeholders(INVITE_COLUMNS)})`,
        inviteValues(row),
      )
    }
  },

  forget(db, room_id, after, upto) {
    db.run('delete from invites where room_id = ? and id > ? and id <= ?', [room_id, after, upto])
  },
}

function readInvite(db: Sqlite, room_id: string, id: number): InviteRow | null {
  const found = db.get<{ row: string }>('select row from invites where room_id = ? and id = ?', [room_id, id])
  return found === undefined ? null : toInvite(found)
}

export function createInviteReads(db: Sqlite) {
  return {
    readInvite: (room_id: string, id: number) => readInvite(db, room_id, id),

    listInvites(room_id: string, { before = Number.MAX_SAFE_INTEGER, limit }: { before?: number; limit: number }) {
      const sql = 'select row from invites where room_id = ? and id < ? order by id desc limit ?'
      return db.all<{ row: string }>(sql, [room_id, before, limit]).map(toInvite)
    },
  }
}
