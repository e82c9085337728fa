import { type Test, test } from 'tap'
import { foldMember, foldRoom, membersOf } from '../../../../plugins/store/log/fold.js'
import { parseQuery } from '../../../../plugins/store/log/terms.js'
import { Conflict, type Store } from '../../../../plugins/store/store.js'
import type { StoredEvent } from '../../../../schemas/event.js'
import type { RoomRecord } from '../../../../schemas/room.js'
import type { Session, StoredUser } from '../../../../schemas/user.js'
import { KEEPS_ALL } from '../../../../schemas/wire.js'
import { NOW } from '../../../support/events.js'

export interface Opened {
  /** An empty store. */
  store: Store
  /** Closes the store and reopens its data. */
  reopen(): Promise<Store>
  /** Closes the store, reopened or not, and removes everything. */
  destroy(): Promise<void>
}

export const user = (username: string): StoredUser => ({
  username,
  display_name: username,
  bio: '',
  avatar_color: '#3366cc',
  status: 'available',
  created_at: NOW,
  password_hash: 'hash',
  blocked: false,
  generation: 0,
  kept_session: null,
  is_admin: false,
  reset_hash: null,
  reset_expires_at: null,
  deletion: null,
  deleted_at: null,
  deletion_done: false,
})

export const session = (id: string, username: string, more: Partial<Session> = {}): Session => ({
  id,
  username,
  created_at: NOW,
  expires_at: NOW,
  generation: 3,
  device: 'Chrome · Windows',
  address: '203.0.113.7',
  last_seen_at: NOW,
  ...more,
})

export type Part = Partial<StoredEvent> & Pick<StoredEvent, 'type'>

/** Events of a room after `after`; each gets a unique client_id unless it has one. */
export const events = (room_id: string, after: number, parts: Part[]): StoredEvent[] =>
  parts.map((part, i) => ({
    room_id,
    seq: after + 1 + i,
    username: 'ann',
    client_id: `own-${after + 1 + i}`,
    created_at: NOW,
    ...part,
  }))

export const message = (text: string, more: Partial<StoredEvent> = {}): Part => ({ type: 'message', text, ...more })

export function room(id: string, more: Partial<RoomRecord> = {}): [RoomRecord, StoredEvent] {
  const settings = { name: `Room ${id}`, description: '', is_public: true, max_members: 0 }
  const record = {
    id,
    ...settings,
    indexed_seq: 1,
    owner: 'ann',
    member_count: 1,
    password_hash: null,
    created_at: NOW,
    deleted: false,
    slow_mode_s: 0,
    ...KEEPS_ALL,
    ...more,
  }
  const { name, description, is_public, max_members } = record
  const created: StoredEvent = {
    room_id: id,
    seq: 1,
    type: 'created',
    username: record.owner,
    client_id: `created-${id}`,
    created_at: NOW,
    data: { name, description, is_public, max_members, password_hash: record.password_hash },
  }
  return [record, created]
}

/** Resolves when record, members and emptied texts reflect the room's whole log, which may happen in the background. */
export async function indexed(store: Store, room_id: string) {
  const head = await store.readHead(room_id)
  let record = await store.readRoom(room_id)
  while (record !== null && record.indexed_seq < head) record = await store.readRoom(room_id)
}

/** The membership of some users and the record at the head, computed like a writer does. */
export async function standing(store: Store, room_id: string, usernames: string[]) {
  const state = await store.readState(room_id, usernames, Number.MAX_SAFE_INTEGER)
  const members = new Map(state.members.map(row => [row.username, row]))
  for (const event of state.events) {
    for (const username of membersOf(event)) {
      const row = foldMember(event, username, members.get(username))
      if (row !== null) members.set(row.username, row)
    }
  }
  return {
    room: state.room && state.events.reduce(foldRoom, state.room),
    members: [...members.values()].filter(row => row.is_member).map(row => row.username),
    /** Of the requested users, those that have one, by name. */
    rows: [...members.values()].sort((a, b) => (a.username < b.username ? -1 : 1)),
    head: state.head,
  }
}

export const texts = (log: StoredEvent[]) => log.map(event => event.text)
export const seqs = (log: { seq: number }[]) => log.map(event => event.seq)
export const upTo = (n: number) => Array.from({ length: n }, (_, i) => i + 1)
export const isConflict = (result: PromiseSettledResult<unknown>) =>
  result.status === 'rejected' && result.reason instanceof Conflict

/** Searches a room for what a user types. */
export const search = (store: Store, room_id: string, query: string, before = Number.MAX_SAFE_INTEGER) =>
  store.searchTerms(room_id, parseQuery(query).terms, { before, limit: 100 })

export type Promises = ReturnType<typeof promisesOf>

/** @param name of the store, in the names of the tests */
export function promisesOf(name: string, open: () => Promise<Opened>) {
  return {
    open,

    /** Defines a test of one guarantee, on a new empty store. */
    promise(text: string, check: (t: Test, store: Store, opened: Opened) => Promise<void>) {
      test(`${name}: ${text}`, async t => {
        const opened = await open()
        t.teardown(() => opened.destroy())
        await check(t, opened.store, opened)
      })
    },
  }
}
