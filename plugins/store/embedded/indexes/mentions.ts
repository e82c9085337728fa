import { DEFAULT_ROOM_ID } from '../../../../schemas/wire.js'
import { EVERYBODY, mentionedBy, placeOfMention } from '../../log/mentions.js'
import type { MentionQuery } from '../../store.js'
import type { LogIndex } from '../log-index.js'
import type { Sqlite } from '../sqlite.js'

/** Whom messages mention: a row for each user, and one for all members, as long as the message still does. */
export const mentions: LogIndex = {
  name: 'mentions',
  tables: `
create table mentions (
  room_id text not null,
  user text not null,
  seq integer not null,
  place text not null,
  author text not null collate nocase,
  primary key (room_id, user, seq)
) without rowid;
create index mentions_place on mentions (room_id, user, place);
create index mentions_seq on mentions (room_id, seq);
`,
  types: new Set(['message', 'edited', 'deleted']),

  apply(db, room_id, events) {
    for (const event of events) {
      if (event.type === 'message') {
        if (event.data === undefined) continue
        for (const user of mentionedBy(event)) {
          db.run('insert or replace into mentions (room_id, user, seq, place, author) values (?, ?, ?, ?, ?)', [
            room_id,
            user,
            event.seq,
            placeOfMention(event),
            event.username,
          ])
        }
      } else {
        const still = event.type === 'edited' ? mentionedBy(event) : []
        if (still.includes(EVERYBODY)) continue
        db.run('delete from mentions where room_id = ? and seq = ? and user not in (select value from json_each(?))', [
          room_id,
          event.target as number,
          JSON.stringify(still),
        ])
      }
    }
  },

  forget(db, room_id, after, upto) {
    db.run('delete from mentions where room_id = ? and seq > ? and seq <= ?', [room_id, after, upto])
  },
}

/** The newest place in each list of mentions that belongs to a user: in each room those by name and those of all members. */
const LISTS = `
  with own as (
    select members.room_id, coalesce(members.since, 0) as since, rooms.emptied_seq, '' as joined_at
    from members indexed by members_username join rooms on rooms.id = members.room_id
    where members.username = ?1 and members.is_member = 1 and rooms.deleted = 0
    union all
    select id, 0, emptied_seq, (select created_at from users where username = ?1) from rooms where id = '${DEFAULT_ROOM_ID}')
  select room_id, user, after, joined_at, newest from (
    select own.room_id, user, joined_at, max(emptied_seq, iif(user = '${EVERYBODY}', since, 0)) as after, (
      select max(place) from mentions indexed by mentions_place
      where mentions.room_id = own.room_id and mentions.user = names.user and place < ?2) as newest
    from own, (select lower(?1) as user union all select '${EVERYBODY}') as names)
  where newest is not null order by newest desc`

interface List {
  room_id: string
  user: string
  /** Earlier messages do not count. */
  after: number
  joined_at: string
  newest: string
}
interface Found {
  room_id: string
  seq: number
  place: string
}

export function createMentionReads(db: Sqlite) {
  return {
    /** @returns newest first; one more than the limit, if there are more */
    findMentions(username: string, { before = '~', limit }: MentionQuery): Found[] {
      const found = new Map<string, Found>()
      const lists = db.all<List>(LISTS, [username, before])
      /** The place of the last one of a full page. */
      let least = ''
      for (const { room_id, user, after, joined_at, newest } of lists) {
        // All that follow are older.
        if (newest < least) break
        const rows = db.all<Found>(
          `select room_id, seq, place from mentions indexed by mentions_place
           where room_id = ? and user = ? and place < ? and place > ? and seq > ? and author <> ?
           order by place desc limit ?`,
          [room_id, user, before, user === EVERYBODY ? joined_at : '', after, username, limit + 1],
        )
        for (const row of rows) found.set(row.place, row)
        if (found.size > limit) least = [...found.keys()].sort().at(-1 - limit) as string
      }
      const sorted = [...found.values()].sort((a, b) => (a.place < b.place ? 1 : -1))
      return sorted.slice(0, limit + 1)
    },
  }
}
