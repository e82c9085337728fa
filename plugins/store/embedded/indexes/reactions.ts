import type { EventType } from '../../../../schemas/event.js'
import type { Reaction } from '../../../../schemas/reaction.js'
import { limits } from '../../../../schemas/wire.js'
import { foldReacted, isReacted, lacksNames, noReactions, type Reacted, rowOf } from '../../log/reactions.js'
import type { MessageReactions, ReactionRow } from '../../store.js'
import type { LogIndex } from '../log-index.js'
import type { Sqlite } from '../sqlite.js'

/**
 * Reactions to messages: one row for each message, with all that a page of history shows, and one for each user and
 * emoji, which says who reacts.
 */
export const reactions: LogIndex = {
  name: 'reactions',
  tables: `
-- reactions: as JSON.
create table reactions (
  room_id text not null,
  id integer not null,
  seq integer not null,
  reactions text not null,
  primary key (room_id, id)
) without rowid;
drop table if exists reaction_rows;
create table reaction_rows (
  room_id text not null,
  id integer not null,
  username text not null collate nocase,
  emoji text not null,
  seq integer not null,
  is_on integer not null,
  changes integer not null,
  primary key (room_id, id, username, emoji)
) without rowid;
create index reaction_rows_on on reaction_rows (room_id, id, emoji, seq) where is_on = 1;
`,
  types: new Set<EventType>(['reacted']),

  apply(db, room_id, events) {
    const changed = new Map<number, MessageReactions>()
    for (const event of events.filter(isReacted)) {
      putRow(db, event)
      const id = event.data.message_id
      const before = changed.get(id) ?? readSummary(db, room_id, id) ?? noReactions(room_id, id)
      changed.set(id, foldReacted(before, event))
    }
    for (const { id, seq, reactions } of changed.values()) {
      const named = reactions.map(one => (lacksNames(one) ? { ...one, usernames: names(db, room_id, id, one) } : one))
      db.run('insert or replace into reactions (room_id, id, seq, reactions) values (?, ?, ?, ?)', [
        room_id,
        id,
        seq,
        JSON.stringify(named),
      ])
    }
  },

  forget(db, room_id, after, upto) {
    for (const table of ['reactions', 'reaction_rows']) {
      db.run(`delete from ${table} where room_id = ? and id > ? and id <= ?`, [room_id, after, upto])
    }
  },
}

function putRow(db: Sqlite, event: Reacted) {
  const { room_id, id, username, emoji, seq, is_on, changes } = rowOf(event)
  db.run(
    `insert into reaction_rows (room_id, id, username, emoji, seq, is_on, changes) values (?, ?, ?, ?, ?, ?, ?)
     on conflict do update set seq = excluded.seq, is_on = excluded.is_on, changes = excluded.changes
     where excluded.seq > seq`,
    [room_id, id, username, emoji, seq, is_on, changes],
  )
}

/** The users who have reacted for longest. */
function names(db: Sqlite, room_id: string, id: number, { emoji }: Reaction): string[] {
  const sql = `select username from reaction_rows indexed by reaction_rows_on
    where room_id = ? and id = ? and emoji = ? and is_on = 1 order by seq limit ${limits.REACTION_NAMES_MAX}`
  return db.all<{ username: string }>(sql, [room_id, id, emoji]).map(({ username }) => username)
}

interface Summary {
  id: number
  seq: number
  /** As JSON. */
  reactions: string
}

function readSummary(db: Sqlite, room_id: string, id: number): MessageReactions | undefined {
  const found = db.get<Summary>('select id, seq, reactions from reactions where room_id = ? and id = ?', [room_id, id])
  return found && { room_id, ...found, reactions: JSON.parse(found.reactions), rows: [] }
}

export function createReactionReads(db: Sqlite) {
  return {
    readReactions(room_id: string, ids: number[], usernames: string[]): MessageReactions[] {
      const found = db.all<Summary>(
        'select id, seq, reactions from reactions where room_id = ? and id in (select value from json_each(?)) order by id',
        [room_id, JSON.stringify(ids)],
      )
      if (found.length === 0) return []
      const rows = new Map<number, ReactionRow[]>()
      if (usernames.length > 0) {
        const own = db.all<Omit<ReactionRow, 'is_on'> & { is_on: number }>(
          `select id, username, emoji, seq, is_on, changes from reaction_rows
           where room_id = ?1 and id in (select value from json_each(?2))
             and username in (select value from json_each(?3)) order by id, seq`,
          [room_id, JSON.stringify(found.map(({ id }) => id)), JSON.stringify(usernames)],
        )
        for (const row of own) {
          const { id, is_on } = row
          const before = rows.get(id)
          const stored = { ...row, room_id, is_on: is_on === 1 }
          if (before === undefined) rows.set(id, [stored])
          else before.push(stored)
        }
      }
      return found.map(({ id, seq, reactions }) => {
        return { room_id, id, seq, reactions: JSON.parse(reactions), rows: rows.get(id) ?? [] }
      })
    },

    countReacted(room_id: string, after: number): number {
      const sql = `select count(*) as count from events indexed by events_type
        where room_id = ? and type = 'reacted' and seq > ?`
      return db.get<{ count: number }>(sql, [room_id, after])?.count as number
    },
  }
}
