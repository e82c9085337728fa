import type { EventType, StoredEvent } from '../../../schemas/event.js'
import { membershipTypes } from '../../../schemas/event.js'
import type { RoomRecord } from '../../../schemas/room.js'
import type { Session, StoredUser } from '../../../schemas/user.js'
import { DEFAULT_ROOM_ID } from '../../../schemas/wire.js'
import { foldName, sortKey } from '../log/name.js'
import {
  AUTHOR_SPAN,
  type AuthorResult,
  type DirectQuery,
  type Position,
  type RoomQuery,
  type RoomState,
  type Standing,
  type Target,
  UNREAD_SCAN_MAX,
} from '../store.js'
import { countRooms, listDirect } from './direct.js'
import { readHead, readLast } from './head.js'
import { createIndexReads } from './indexes.js'
import {
  type EventRow,
  ROOM_COLUMNS,
  type RoomRow,
  SESSION_COLUMNS,
  toEvent,
  toRoom,
  toUser,
  USER_COLUMNS,
  type UserRow,
} from './rows.js'
import type { Sqlite } from './sqlite.js'
import { countUnreadOf, readStandings } from './standings.js'

const MEMBERSHIP_TYPES = [...membershipTypes].map(type => `'${type}'`).join()

type EventsQuery = { after: number; upto?: number; limit: number }
type PageQuery = { before?: number; after?: number; limit: number }

/**
 * The store's reads, straight from the file. The cost of each depends on the size of its result, not on the length of
 * the log. Texts of deleted messages are empty in the file itself, because the append that deletes a message also
 * empties it.
 */
export function createReads(db: Sqlite) {
  const ofIndexes = createIndexReads(db)

  function readRoom(id: string): RoomRecord | null {
    const row = db.get<RoomRow>(`select ${ROOM_COLUMNS} from rooms where id = ?`, [id])
    return row === undefined ? null : toRoom(row)
  }

  /** Adds to each message the newest event that targets it, and the number of such events. */
  function withNewest(room_id: string, messages: StoredEvent[]) {
    const newest = new Map<number, { event: StoredEvent; count: number }>()
    const rows = db.all<EventRow & { count: number }>(
      `select events.*, last.count from
         (select target, max(seq) as seq, count(*) as count from events
          where room_id = ?1 and target in (select value from json_each(?2)) group by target) as last
       join events on events.room_id = ?1 and events.seq = last.seq`,
      [room_id, JSON.stringify(messages.map(({ seq }) => seq))],
    )
    for (const { count, ...row } of rows) newest.set(row.target as number, { event: toEvent(row), count })
    return messages.map(message => {
      const { event = null, count = 0 } = newest.get(message.seq) ?? {}
      return { message, newest: event, count }
    })
  }

  const readMark = (username: string, room_id: string): number =>
    db.get<{ seq: number }>('select seq from marks where username = ? and room_id = ?', [username, room_id])?.seq ?? 0

  return {
    ...ofIndexes,

    readUser(username: string): StoredUser | null {
      const row = db.get<UserRow>(`select ${USER_COLUMNS} from users where username = ?`, [username])
      return row === undefined ? null : toUser(row)
    },

    readUsers(usernames: string[]): StoredUser[] {
      const rows = db.all<UserRow>(
        `select ${USER_COLUMNS} from users where username in (select value from json_each(?))`,
        [JSON.stringify(usernames)],
      )
      return rows.map(toUser)
    },

    listUsers({ after = '', limit }: { after?: string; limit: number }): StoredUser[] {
      const rows = db.all<UserRow>(
        `select ${USER_COLUMNS} from users where username > ? and deletion is null order by username limit ?`,
        [after, limit],
      )
      return rows.map(toUser)
    },

    countUsers(): number {
      const sql = `select coalesce(max(id), 0) - (select count(*) from users where deletion is not null) as count from users`
      return db.get<{ count: number }>(sql)?.count as number
    },

    hadUsers: (): boolean => db.get('select 1 as found from users limit 1') !== undefined,

    listDeletions(limit: number): StoredUser[] {
      const sql = `select ${USER_COLUMNS} from users where deletion is not null and deletion_done = 0 limit ?`
      return db.all<UserRow>(sql, [limit]).map(toUser)
    },

    readSession(id: string): Session | null {
      return db.get<Session>(`select ${SESSION_COLUMNS} from sessions where id = ?`, [id]) ?? null
    },

    listSessions(username: string, { after = '', limit }: { after?: string; limit: number }): Session[] {
      return db.all(`select ${SESSION_COLUMNS} from sessions where username = ? and id > ? order by id limit ?`, [
        username,
        after,
        limit,
      ])
    },

    readRoom,

    listAllRooms({ after = '', limit }: { after?: string; limit: number }): RoomRecord[] {
      const sql = `select ${ROOM_COLUMNS} from rooms where deleted = 0 and id > ? order by id limit ?`
      return db.all<RoomRow>(sql, [after, limit]).map(({ invites: _, ...row }) => toRoom(row))
    },

    /** Returns one more than `limit`, if there are more. */
    listNames(username: string, { limit, after = '', q = '', mine }: RoomQuery) {
      const own = `select id, name, name_sort from members join rooms on id = room_id
        where members.username = ?1 and is_member = 1 and direct is null`
      const visible = `deleted = 0 and name_sort > ?2 and (?4 = '' or instr(name_folded, ?4)) order by name_sort limit ?3`
      const parts = {
        own: `select id, name, name_sort from (${own} and id <> '${DEFAULT_ROOM_ID}' and ${visible})`,
        all_users: `select id, name, name_sort from (select id, name, name_sort from rooms where id = '${DEFAULT_ROOM_ID}' and ${visible})`,
        others: `select id, name, name_sort from (
          select id, name, name_sort from rooms where is_public = 1 and id <> '${DEFAULT_ROOM_ID}'
            and id not in (select room_id from members where username = ?1 and is_member = 1) and ${visible})`,
      }
      const wanted = mine === false ? [parts.others] : [parts.own, parts.all_users]
      if (mine === undefined) wanted.push(parts.others)
      const sql = `select json_group_array(json_object('id', id, 'name', name)) as json
        from (${wanted.join(' union all ')} order by name_sort limit ?3)`
      return db.json<{ id: string; name: string }[]>(sql, [
        username,
        after === '' ? '' : sortKey(after),
        limit + 1,
        foldName(q),
      ])
    },

    listPlaces: (username: string, query: DirectQuery) => listDirect(db, username, query),

    countRooms: (username: string) => countRooms(db, username),

    /** Standings without the unread messages, which may take longer to count. */
    readBare: (username: string, room_ids: string[]) => readStandings(db, username, room_ids),

    countUnreadOf: (username: string, standings: Standing[]) => countUnreadOf(db, username, standings),

    readMark,

    readMarks(room_id: string, usernames: string[]): number[] {
      return usernames.map(username => readMark(username, room_id))
    },

    readHead: (room_id: string) => readHead(db, room_id),

    findAhead(positions: Position[]): string[] {
      const isAhead = ({ room_id, seq }: Position) =>
        db.get('select 1 as found from events where room_id = ? and seq = ?', [room_id, seq + 1]) !== undefined
      return positions.filter(isAhead).map(({ room_id }) => room_id)
    },

    readEvents(room_id: string, { after, upto = Number.MAX_SAFE_INTEGER, limit }: EventsQuery): StoredEvent[] {
      const rows = db.all<EventRow>(
        'select * from events where room_id = ? and seq > ? and seq <= ? order by seq limit ?',
        [room_id, after, upto, limit],
      )
      return rows.map(toEvent)
    },

    readByClientId(room_id: string, username: string, client_id: string): StoredEvent | null {
      const row = db.get<EventRow>('select * from events where room_id = ? and client_id = ? and username = ?', [
        room_id,
        client_id,
        username,
      ])
      return row === undefined ? null : toEvent(row)
    },

    readState(room_id: string, usernames: string[], since: number): RoomState {
      return db.snapshot(() => {
        const { seq: head, created_at: head_at } = readLast(db, room_id)
        const room = readRoom(room_id)
        const members = usernames.map(username => ofIndexes.readMember(room_id, username)).filter(row => row !== null)
        const after = Math.min(since, room?.indexed_seq ?? 0)
        const rows =
          after < head
            ? db.all<EventRow>(
                `select * from events indexed by events_type
                 where room_id = ? and type in (${MEMBERSHIP_TYPES}) and seq > ? order by seq`,
                [room_id, after],
              )
            : []
        return { room, members, events: rows.map(toEvent), head, head_at }
      })
    },

    readTargets(room_id: string, seqs: number[]): (Target & { edits: number })[] {
      const rows = db.all<EventRow>(
        `select * from events where room_id = ? and seq in (select value from json_each(?)) and type = 'message'
         order by seq`,
        [room_id, JSON.stringify(seqs)],
      )
      return withNewest(room_id, rows.map(toEvent)).map(({ count, ...target }) => ({
        ...target,
        edits: target.newest?.type === 'deleted' ? count - 1 : count,
      }))
    },

    readEdits(room_id: string, id: number, { after, limit }: { after: number; limit: number }): StoredEvent[] {
      const found = db.all<EventRow>(
        `select * from events indexed by events_target
         where room_id = ? and target = ? and seq > ? and type = 'edited' order by seq limit ?`,
        [room_id, id, after, limit],
      )
      return found.map(toEvent)
    },

    readPage(room_id: string, { before = Number.MAX_SAFE_INTEGER, after, limit }: PageQuery): Target[] {
      const order = after === undefined ? 'desc' : 'asc'
      const rows = db.all<EventRow>(
        `select * from events indexed by events_type
         where room_id = ? and type = 'message' and seq > ? and seq < ? order by seq ${order} limit ?`,
        [room_id, after ?? 0, before, limit],
      )
      const messages = rows.map(toEvent)
      if (after === undefined) messages.reverse()
      return withNewest(room_id, messages).map(({ message, newest }) => ({ message, newest }))
    },

    /** @param upto the last event that counts; the newest one by default */
    countUnread(room_id: string, username: string, after: number, max: number, upto = Number.MAX_SAFE_INTEGER): number {
      const row = db.get<{ count: number }>(
        `select count(*) as count from (
           select 1 from (
             select type, username, octet_length(text) as bytes from events not indexed where room_id = ? and seq > ? and seq <= ?
             order by seq desc limit ${UNREAD_SCAN_MAX})
           where type = 'message' and username <> ? and bytes > 0 limit ?)`,
        [room_id, after, upto, username, max],
      )
      return row?.count as number
    },

    findByAuthor(room_id: string, username: string, { after, limit }: EventsQuery): AuthorResult {
      const began_at = performance.now()
      const upto = after + AUTHOR_SPAN
      const rows = db.all<{ seq: number }>(
        `select seq from events not indexed
         where room_id = ? and seq > ? and seq <= ? and type = 'message' and username = ? order by seq limit ?`,
        [room_id, after, upto, username, limit],
      )
      const seqs = rows.map(({ seq }) => seq)
      const worked_ms = performance.now() - began_at
      if (seqs.length === limit) return { seqs, next_after: seqs.at(-1) as number, worked_ms }
      return { seqs, next_after: upto < readHead(db, room_id) ? upto : null, worked_ms }
    },

    readNewest(
      room_id: string,
      types: readonly EventType[],
      { after = 0, before = Number.MAX_SAFE_INTEGER, limit }: PageQuery,
    ): StoredEvent[] {
      // One part for each type, because only then does each go down the index and stop at the limit.
      const parts = types.map(
        type => `select * from (select * from events indexed by events_type
          where room_id = ?1 and type = '${type}' and seq > ?2 and seq < ?3 order by seq desc limit ?4)`,
      )
      const sql = `select * from (${parts.join(' union all ')}) order by seq desc limit ?4`
      return db.all<EventRow>(sql, [room_id, after, before, limit]).map(toEvent).reverse()
    },

    findNth(room_id: string, n: number): number {
      const sql = `select seq from events indexed by events_type where room_id = ? and type = 'message'
        order by seq desc limit 1 offset ?`
      return db.get<{ seq: number }>(sql, [room_id, n - 1])?.seq ?? 0
    },

    readByType(room_id: string, type: EventType, { after, limit }: { after: number; limit: number }): StoredEvent[] {
      const rows = db.all<EventRow>(
        `select * from events indexed by events_type
         where room_id = ? and type = ? and seq > ? order by seq limit ?`,
        [room_id, type, after, limit],
      )
      return rows.map(toEvent)
    },
  }
}
