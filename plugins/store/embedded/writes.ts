import assert from 'node:assert/strict'
import type { StoredEvent } from '../../../schemas/event.js'
import type { RoomRecord } from '../../../schemas/room.js'
import type { AccountChange, ProfileChange, Session, StoredUser } from '../../../schemas/user.js'
import { DEFAULT_ROOM_ID } from '../../../schemas/wire.js'
import { NameTaken } from '../store.js'
import { readHead } from './head.js'
import { isNameTaken } from './indexes/members.js'
import { immediate } from './indexes.js'
import { applyTo } from './log-index.js'
import {
  EVENT_COLUMNS,
  eventValues,
  placeholders,
  roomValues,
  SESSION_COLUMNS,
  STORED_ROOM_COLUMNS,
  sessionValues,
  toUser,
  USER_COLUMNS,
  type UserRow,
  userValues,
} from './rows.js'
import type { Sqlite, Value } from './sqlite.js'

/** What `changeAccount` changes. */
const ACCOUNT_COLUMNS = [
  'password_hash',
  'blocked',
  'generation',
  'kept_session',
  'is_admin',
  'reset_hash',
  'reset_expires_at',
  'deletion',
  'deleted_at',
  'deletion_done',
] as const satisfies (keyof AccountChange)[]

/** Sessions that one `deleteExpiredSessions` deletes at most, to keep its transaction short. */
const EXPIRED_MAX = 500

/** Rows per insert statement: a call of SQLite costs as much as inserting several rows, so a batch uses few calls. */
const INSERT_SIZES = [50, 10, 1]

const insertEvents = new Map(
  INSERT_SIZES.map(size => {
    const row = `(${placeholders(EVENT_COLUMNS)})`
    return [size, `insert into events (${EVENT_COLUMNS}) values ${Array(size).fill(row).join()}`]
  }),
)

/**
 * The store's writes. Each runs in its own savepoint inside a transaction shared with others: if it throws, only its
 * own changes are rolled back.
 */
export function createWrites(db: Sqlite) {
  function insert(events: StoredEvent[]) {
    let from = 0
    for (const size of INSERT_SIZES) {
      const sql = insertEvents.get(size) as string
      for (; from + size <= events.length; from += size) {
        const values: Value[] = []
        for (let i = from; i < from + size; i++) values.push(...eventValues(events[i] as StoredEvent))
        db.run(sql, values)
      }
    }
  }

  /** Empties a deleted message and its edits. Its terms are removed when the `deleted` event is indexed. */
  function scrub(room_id: string, target: number) {
    db.run(`update events set text = '' where room_id = ?1 and (seq = ?2 or target = ?2) and text is not null`, [
      room_id,
      target,
    ])
  }

  return {
    /** Writes a row, so that it fails if writes fail, for example because the disk is full. */
    ping() {
      db.run("insert or replace into meta (name, value) values ('pinged_at', datetime('now'))")
    },

    createUser(user: StoredUser, first_is_admin = false): StoredUser {
      const isFirst = first_is_admin && db.get('select 1 as found from users limit 1') === undefined
      const stored = { ...user, is_admin: user.is_admin || isFirst }
      db.run(`insert into users (${USER_COLUMNS}) values (${placeholders(USER_COLUMNS)})`, userValues(stored))
      this.moveMark(user.username, DEFAULT_ROOM_ID, readHead(db, DEFAULT_ROOM_ID))
      return stored
    },

    changeUser(username: string, change: ProfileChange): StoredUser | null {
      const { display_name = null, bio = null, avatar_color = null, status = null } = change
      const row = db.get<UserRow>(
        `update users set display_name = coalesce(?, display_name), bio = coalesce(?, bio),
           avatar_color = coalesce(?, avatar_color), status = coalesce(?, status)
         where username = ?
         returning ${USER_COLUMNS}`,
        [display_name, bio, avatar_color, status, username],
      )
      return row === undefined ? null : toUser(row)
    },

    changeAccount(username: string, change: AccountChange, generation?: number, is_admin?: boolean): boolean {
      const columns = ACCOUNT_COLUMNS.filter(column => change[column] !== undefined)
      const changed = db.get(
        `update users set ${columns.map(column => `${column} = ?`).join()}
         where username = ? and generation = coalesce(?, generation) and is_admin = coalesce(?, is_admin)
         returning 1 as changed`,
        [...columns.map(column => change[column] as Value), username, generation ?? null, is_admin ?? null],
      )
      return changed !== undefined
    },

    createSession(session: Session) {
      db.run(
        `insert into sessions (${SESSION_COLUMNS}) values (${placeholders(SESSION_COLUMNS)})`,
        sessionValues(session),
      )
    },

    extendSession(id: string, expires_at: string) {
      db.run('update sessions set expires_at = max(expires_at, ?) where id = ?', [expires_at, id])
    },

    touchSession(id: string, { last_seen_at, address }: Pick<Session, 'last_seen_at' | 'address'>) {
      db.run('update sessions set last_seen_at = ?, address = ? where id = ?', [last_seen_at, address, id])
    },

    deleteSession(id: string) {
      db.run('delete from sessions where id = ?', [id])
    },

    /** @returns whether more may be left */
    deleteExpiredSessions(now: string): boolean {
      const gone = db.all(
        `delete from sessions where id in (select id from sessions where expires_at < ? limit ${EXPIRED_MAX})
         returning id`,
        [now],
      )
      return gone.length === EXPIRED_MAX
    },

    createRoom(room: RoomRecord, created: StoredEvent) {
      insert([created])
      db.run(
        `insert into rooms (${STORED_ROOM_COLUMNS}) values (${placeholders(STORED_ROOM_COLUMNS)})`,
        roomValues(room),
      )
      applyTo(immediate, db, room.id, [created])
    },

    moveMark(username: string, room_id: string, seq: number): number {
      const mark = db.get<{ seq: number }>(
        `insert into marks (username, room_id, seq) values (?, ?, ?)
         on conflict do update set seq = max(seq, excluded.seq) returning seq`,
        [username, room_id, seq],
      )
      return (mark as { seq: number }).seq
    },

    trimLog(room_id: string, upto: number) {
      db.run('delete from events where room_id = ?1 and seq <= min(?2, ?3)', [room_id, upto, readHead(db, room_id) - 1])
    },

    append(room_id: string, after: number, events: StoredEvent[]) {
      if (after > 0) {
        const known = db.get('select 1 from events where room_id = ? and seq = ?', [room_id, after])
        assert(known, `The log of room ${room_id} has no event ${after} to append after`)
      }
      for (const { type, seq, data } of events) {
        if (type === 'room_changed' && data?.name !== undefined && isNameTaken(db, room_id, data.name)) {
          throw new NameTaken(seq)
        }
      }
      insert(events)
      applyTo(immediate, db, room_id, events)
      for (const event of events) if (event.type === 'deleted') scrub(room_id, event.target as number)
    },
  }
}

export type Writes = ReturnType<typeof createWrites>

/** A call of one of the writes, as it is sent to the worker. */
export type Write = { [Name in keyof Writes]: { name: Name; args: Parameters<Writes[Name]> } }[keyof Writes]
