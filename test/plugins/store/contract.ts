import assert from 'node:assert/strict'
import fc from 'fast-check'
import { type Test, test } from 'tap'
import { foldMember, foldRoom } from '../../../plugins/store/log/fold.js'
import { queryTerms } from '../../../plugins/store/log/terms.js'
import { BATCH_MAX, Conflict, type Store } from '../../../plugins/store/store.js'
import { membershipTypes, type StoredEvent } from '../../../schemas/event.js'
import type { RoomRecord } from '../../../schemas/room.js'
import type { StoredUser } from '../../../schemas/user.js'
import { NOW } from '../../support/events.js'

export interface Opened {
  /** An empty store. */
  store: Store
  /** Closes the store and opens what it kept. */
  reopen(): Promise<Store>
  /** Closes whichever is open and removes everything. */
  destroy(): Promise<void>
}

const user = (username: string): StoredUser => ({
  username,
  display_name: username,
  bio: '',
  avatar_color: '#3366cc',
  status: 'available',
  created_at: NOW,
  password_hash: 'hash',
  blocked: false,
})

type Part = Partial<StoredEvent> & Pick<StoredEvent, 'type'>

/** Events of a room after `after`; each has a client_id of its own unless it names one. */
const events = (room_id: string, after: number, parts: Part[]): StoredEvent[] =>
  parts.map((part, i) => ({
    room_id,
    seq: after + 1 + i,
    username: 'ann',
    client_id: `own-${after + 1 + i}`,
    created_at: NOW,
    ...part,
  }))

const message = (text: string, more: Partial<StoredEvent> = {}): Part => ({ type: 'message', text, ...more })

function room(id: string, more: Partial<RoomRecord> = {}): [RoomRecord, StoredEvent] {
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

/** Resolves when the room's record, members and scrubs reflect its whole log, which a store may do behind the append. */
async function indexed(store: Store, room_id: string) {
  const head = await store.readHead(room_id)
  let record = await store.readRoom(room_id)
  while (record !== null && record.indexed_seq < head) record = await store.readRoom(room_id)
}

/** The membership of some users and the record at the head, as a writer works them out. */
async function standing(store: Store, room_id: string, usernames: string[]) {
  const state = await store.readState(room_id, usernames, Number.MAX_SAFE_INTEGER)
  const members = new Map(state.members.map(row => [row.username, row]))
  for (const event of state.events) {
    const row = foldMember(event)
    if (row !== null && row.seq > (members.get(row.username)?.seq ?? 0)) members.set(row.username, row)
  }
  return {
    room: state.room && state.events.reduce(foldRoom, state.room),
    members: [...members.values()].filter(row => row.is_member).map(row => row.username),
    head: state.head,
  }
}

const texts = (log: StoredEvent[]) => log.map(event => event.text)
const seqs = (log: { seq: number }[]) => log.map(event => event.seq)
const upTo = (n: number) => Array.from({ length: n }, (_, i) => i + 1)
const isConflict = (result: PromiseSettledResult<unknown>) =>
  result.status === 'rejected' && result.reason instanceof Conflict

/** What every store promises. */
export function storeContract(name: string, open: () => Promise<Opened>) {
  function promise(text: string, check: (t: Test, store: Store, opened: Opened) => Promise<void>) {
    test(`${name}: ${text}`, async t => {
      const opened = await open()
      t.teardown(() => opened.destroy())
      await check(t, opened.store, opened)
    })
  }

  async function search(store: Store, room_id: string, query: string, before = Number.MAX_SAFE_INTEGER) {
    return store.searchTerms(room_id, queryTerms(query), { before, limit: 100 })
  }

  promise('what was written is there when it is opened again, under the same epoch', async (t, store, { reopen }) => {
    await store.createUser(user('Ann'))
    await store.createSession({ id: 's', username: 'Ann', created_at: NOW, expires_at: NOW })
    await store.createRoom(...room('r'))
    await store.append('r', 1, events('r', 1, [message('hello'), { type: 'joined', member: 'bob' }]))
    await store.moveMark('Ann', 'r', 2)
    const { epoch } = store
    t.match(epoch, /^[\w-]{8,64}$/)
    const again = await reopen()
    await again.ping()
    t.equal(again.epoch, epoch)
    t.strictSame(await again.readUser('Ann'), user('Ann'))
    t.strictSame(await again.readSession('s'), { id: 's', username: 'Ann', created_at: NOW, expires_at: NOW })
    t.strictSame(seqs(await again.readEvents('r', { after: 0, limit: 10 })), [1, 2, 3])
    t.equal(await again.readMark('Ann', 'r'), 2)
    t.strictSame((await search(again, 'r', 'hello')).seqs, [2])
    await indexed(again, 'r')
    t.strictSame(
      (await again.listMembers('r', { limit: 10 })).map(row => row.username),
      ['ann', 'bob'],
    )
  })

  promise('two stores have different epochs', async (t, store) => {
    const other = await open()
    t.teardown(() => other.destroy())
    t.not(store.epoch, other.store.epoch)
  })

  promise('a closed store refuses with StoreUnavailable', async (t, store) => {
    await store.close()
    await t.rejects(store.ping(), { code: 'STORE_UNAVAILABLE' })
    await t.rejects(store.readHead('r'), { code: 'STORE_UNAVAILABLE' })
    await t.rejects(store.append('r', 0, events('r', 0, [message('late')])), { code: 'STORE_UNAVAILABLE' })
    await t.resolves(store.close(), 'closing twice is no error')
  })

  promise('the epoch can be looked up', async (t, store) => {
    t.equal(await store.readEpoch(), store.epoch)
  })

  promise('of many logs those are found that go on behind a position', async (t, store) => {
    await store.append('a', 0, events('a', 0, [message('one'), message('two')]))
    await store.append('b', 0, events('b', 0, [message('one')]))
    const ahead = await store.findAhead([
      { room_id: 'a', seq: 1 },
      { room_id: 'b', seq: 1 },
      { room_id: 'none', seq: 0 },
    ])
    t.strictSame(ahead, ['a'])
    t.strictSame((await store.findAhead(['a', 'b'].map(room_id => ({ room_id, seq: 0 })))).sort(), ['a', 'b'])
    t.strictSame(await store.findAhead([{ room_id: 'a', seq: 1 }]), ['a'])
    t.strictSame(await store.findAhead([{ room_id: 'b', seq: 1 }]), [])
    t.strictSame(await store.findAhead([]), [])
  })

  promise('what was written when it closed is durable', async (t, store, { reopen }) => {
    const written = Promise.all([
      store.append('a', 0, events('a', 0, [message('one'), message('two')])),
      store.append('b', 0, events('b', 0, [message('one')])),
    ])
    const again = await reopen()
    await written
    t.equal(await again.readHead('a'), 2)
    t.equal(await again.readHead('b'), 1)
  })

  promise('a name is one whatever its case, and kept as registered', async (t, store) => {
    await store.createUser(user('MinJi'))
    await t.rejects(store.createUser(user('minji')), Conflict)
    await t.rejects(store.createUser({ ...user('MINJI'), bio: 'other' }), Conflict)
    t.strictSame(await store.readUser('mInJi'), user('MinJi'))
    t.strictSame(await store.readUsers(['MINJI', 'nobody']), [user('MinJi')])
    t.equal(await store.countUsers(), 1)
    t.equal(await store.readUser('min'), null)
  })

  promise('of many registrations of one name at once, one wins', async (t, store) => {
    const names = ['Ann', 'ann', 'ANN', 'aNn', 'anN', 'bob']
    const results = await Promise.allSettled(names.map(name => store.createUser(user(name))))
    t.equal(results.filter(({ status }) => status === 'fulfilled').length, 2)
    t.equal(results.filter(isConflict).length, 4)
    t.equal(await store.countUsers(), 2)
  })

  promise('users are read together, listed by lower-case name, and counted', async (t, store) => {
    for (const name of ['Cho', 'ann', 'Bob', '_x', 'dan']) await store.createUser(user(name))
    const names = (users: StoredUser[]) => users.map(({ username }) => username)
    t.strictSame(names(await store.listUsers({ limit: 3 })), ['_x', 'ann', 'Bob'])
    t.strictSame(names(await store.listUsers({ limit: 3, after: 'BOB' })), ['Cho', 'dan'])
    t.strictSame(names(await store.listUsers({ limit: 3, after: 'dan' })), [])
    t.strictSame(names(await store.readUsers(['cho', 'DAN', 'eve'])).sort(), ['Cho', 'dan'])
    t.strictSame(await store.readUsers([]), [])
    t.equal(await store.countUsers(), 5)
  })

  promise('a profile changes in what is named and nothing else', async (t, store) => {
    await store.createUser(user('Ann'))
    const changed = { ...user('Ann'), display_name: '민지', status: 'busy' as const }
    t.strictSame(await store.changeUser('ANN', { display_name: '민지', status: 'busy' }), changed)
    t.strictSame(await store.readUser('ann'), changed)
    t.strictSame(await store.changeUser('ann', { bio: 'x', display_name: '' }), {
      ...changed,
      bio: 'x',
      display_name: '',
    })
    t.equal(await store.changeUser('bob', { bio: 'x' }), null)
    t.equal(await store.readUser('bob'), null)
  })

  promise('an account changes in what is named and nothing else', async (t, store, { reopen }) => {
    await store.createUser(user('Ann'))
    await store.createUser({ ...user('bob'), blocked: true })
    t.equal(await store.changeAccount('ANN', { blocked: true }), true)
    t.strictSame(await store.readUser('ann'), { ...user('Ann'), blocked: true })
    t.equal(await store.changeAccount('ann', { password_hash: 'other' }), true)
    t.equal(await store.changeAccount('Bob', { blocked: false }), true)
    t.equal(await store.changeAccount('cho', { blocked: true }), false)
    const again = await reopen()
    t.strictSame(await again.readUsers(['ann']), [{ ...user('Ann'), password_hash: 'other', blocked: true }])
    t.strictSame(await again.listUsers({ after: 'ann', limit: 10 }), [user('bob')])
    t.match(await again.changeUser('ann', { bio: 'x' }), { bio: 'x', password_hash: 'other', blocked: true })
  })

  promise('a new user’s mark in the default room is at its head', async (t, store) => {
    await store.createUser(user('early'))
    await store.createRoom(...room('default', { owner: '' }))
    await store.append('default', 1, events('default', 1, [message('before')]))
    await store.createUser(user('late'))
    t.equal(await store.readMark('early', 'default'), 0)
    t.equal(await store.readMark('LATE', 'default'), 2)
    t.equal(await store.readMark('late', 'other'), 0)
  })

  promise('a session’s end only moves forward, and ends with its deletion', async (t, store) => {
    const session = { id: 'a', username: 'Ann', created_at: NOW, expires_at: '2026-02-02T00:00:00.000Z' }
    await store.createSession(session)
    await store.extendSession('a', '2026-02-03T00:00:00.000Z')
    await store.extendSession('a', '2026-02-01T00:00:00.000Z')
    t.strictSame(await store.readSession('a'), { ...session, expires_at: '2026-02-03T00:00:00.000Z' })
    await store.extendSession('b', '2026-02-03T00:00:00.000Z')
    t.equal(await store.readSession('b'), null, 'extending makes none')
    await store.deleteSession('a')
    t.equal(await store.readSession('a'), null)
    await t.resolves(store.deleteSession('a'), 'deleting what is gone is no error')
  })

  promise('the sessions of a user are listed by id, whatever the name’s case', async (t, store) => {
    const session = (id: string, username: string) => ({ id, username, created_at: NOW, expires_at: NOW })
    const all = [session('a', 'Ann'), session('b', 'ann'), session('c', 'Ann')]
    for (const one of [...all, session('d', 'bob'), session('e', 'anne')]) await store.createSession(one)
    t.strictSame(await store.listSessions('ANN', { limit: 10 }), all)
    t.strictSame(await store.listSessions('ann', { limit: 2 }), all.slice(0, 2))
    t.strictSame(await store.listSessions('ann', { after: 'a', limit: 1 }), all.slice(1, 2))
    await store.deleteSession('b')
    t.strictSame(await store.listSessions('ann', { after: 'a', limit: 5 }), all.slice(2))
    t.strictSame(await store.listSessions('nobody', { limit: 5 }), [])
  })

  promise('expired sessions go and the others stay', async (t, store) => {
    for (const [id, expires_at] of [
      ['old', '2026-01-01T00:00:00.000Z'],
      ['older', '2025-01-01T00:00:00.000Z'],
      ['new', '2026-01-01T00:00:00.001Z'],
    ] as const) {
      await store.createSession({ id, username: 'ann', created_at: NOW, expires_at })
    }
    await store.deleteExpiredSessions('2026-01-01T00:00:00.001Z')
    t.equal(await store.readSession('old'), null)
    t.equal(await store.readSession('older'), null)
    t.ok(await store.readSession('new'))
  })

  promise('a room is made with its first event, its record and its owner’s row', async (t, store) => {
    const [record, created] = room('r', {
      name: '점심',
      is_public: false,
      password_hash: 'x',
      max_members: 7,
      owner: 'Ann',
    })
    await store.createRoom(record, created)
    t.strictSame(await store.readRoom('r'), record)
    t.strictSame(await store.readEvents('r', { after: 0, limit: 10 }), [created])
    t.strictSame(await store.readMember('r', 'ann'), { room_id: 'r', username: 'Ann', seq: 1, is_member: true })
    t.strictSame(await store.readState('r', ['ANN', 'bob'], Number.MAX_SAFE_INTEGER), {
      room: record,
      members: [{ room_id: 'r', username: 'Ann', seq: 1, is_member: true }],
      events: [],
      head: 1,
    })
    t.equal(await store.readRoom('s'), null)
    t.strictSame(await store.readState('s', ['ann'], 0), { room: null, members: [], events: [], head: 0 })
  })

  promise('a room’s name and id are taken once, however many want them at once', async (t, store) => {
    const wanted = ['a', 'b', 'c', 'd'].map(id => store.createRoom(...room(id, { name: 'Same' })))
    const results = await Promise.allSettled(wanted)
    t.equal(results.filter(({ status }) => status === 'fulfilled').length, 1)
    t.equal(results.filter(isConflict).length, 3)
    t.equal((await store.listRooms('ann', { limit: 10 })).length, 1)
    const again = await Promise.allSettled(upTo(4).map(i => store.createRoom(...room('default', { name: `N${i}` }))))
    t.equal(again.filter(isConflict).length, 3)
    t.equal(await store.readHead('default'), 1)
  })

  promise(
    'a room whose name was taken leaves nothing that keeps it from being made under another',
    async (t, store) => {
      await store.createRoom(...room('a', { name: 'Same' }))
      await t.rejects(store.createRoom(...room('b', { name: 'Same' })), Conflict)
      t.equal(await store.readRoom('b'), null)
      await store.createRoom(...room('b', { name: 'same' }))
      t.equal((await store.readRoom('b'))?.name, 'same')
      t.equal(await store.readHead('b'), 1)
    },
  )

  promise('one sees public rooms and one’s own, by name', async (t, store) => {
    const names = ['Zoo', 'apple', 'Épée', '점심', 'hidden', 'Hidden two', '😀']
    for (const [i, name] of names.entries()) {
      await store.createRoom(...room(`r${i}`, { name, is_public: !/hidden/i.test(name) }))
    }
    await store.append('r4', 1, events('r4', 1, [{ type: 'joined', member: 'Bob' }]))
    await store.append('r5', 1, events('r5', 1, [{ type: 'joined', member: 'Bob' }]))
    await store.append('r5', 2, events('r5', 2, [{ type: 'removed', member: 'Bob' }]))
    await store.append('r0', 1, events('r0', 1, [{ type: 'joined', member: 'Bob' }]))
    for (const id of ['r0', 'r4', 'r5']) await indexed(store, id)
    const list = async (username: string, query: { limit?: number; after?: string; q?: string } = {}) =>
      (await store.listRooms(username, { limit: 100, ...query })).map(record => record.name)
    t.strictSame(await list('ANN'), ['Hidden two', 'Zoo', 'apple', 'hidden', 'Épée', '점심', '😀'])
    t.strictSame(await list('bob'), ['Zoo', 'apple', 'hidden', 'Épée', '점심', '😀'])
    t.strictSame(await list('cho'), ['Zoo', 'apple', 'Épée', '점심', '😀'])
    t.strictSame(await list('bob', { limit: 2 }), ['Zoo', 'apple'])
    t.strictSame(await list('bob', { limit: 2, after: 'apple' }), ['hidden', 'Épée'])
    t.strictSame(await list('bob', { q: 'HID' }), ['hidden'])
    t.strictSame(await list('bob', { q: 'ÉP' }), ['Épée'])
    t.strictSame(await list('bob', { q: '심' }), ['점심'])
    t.strictSame(await list('bob', { q: 'o' }), ['Zoo'])
    t.strictSame(await list('bob', { q: '%' }), [], 'q is no pattern')
    t.strictSame(await list('bob', { q: '.' }), [], 'q is no pattern')
  })

  promise('members follow the log: joined, left, removed, back again, a new owner', async (t, store) => {
    await store.createRoom(...room('r'))
    await store.append(
      'r',
      1,
      events('r', 1, [
        { type: 'joined', member: 'Bob' },
        { type: 'joined', member: 'cho' },
      ]),
    )
    await store.append(
      'r',
      3,
      events('r', 3, [
        { type: 'left', member: 'Bob' },
        { type: 'removed', member: 'cho' },
      ]),
    )
    t.strictSame(await standing(store, 'r', ['ann', 'bob', 'cho']).then(({ members }) => members), ['ann'])
    await store.append(
      'r',
      5,
      events('r', 5, [
        { type: 'joined', member: 'Bob' },
        { type: 'room_changed', member: 'Bob' },
      ]),
    )
    const now = await standing(store, 'r', ['ann', 'bob', 'cho'])
    t.strictSame(now.members.sort(), ['Bob', 'ann'])
    t.match(now.room, { owner: 'Bob', member_count: 2, deleted: false })
    t.equal(now.head, 7)
    await indexed(store, 'r')
    t.match(await store.readRoom('r'), { owner: 'Bob', member_count: 2, indexed_seq: 7 })
    t.strictSame(await store.readMember('r', 'BOB'), { room_id: 'r', username: 'Bob', seq: 6, is_member: true })
    t.strictSame(await store.readMember('r', 'cho'), { room_id: 'r', username: 'cho', seq: 5, is_member: false })
    t.equal(await store.readMember('r', 'dan'), null)
  })

  promise('members are listed by lower-case name', async (t, store) => {
    await store.createRoom(...room('r', { owner: 'Mia' }))
    const joins = ['Zed', 'bob', '_x', 'Cho', 'gone'].map(member => ({ type: 'joined' as const, member }))
    await store.append('r', 1, events('r', 1, [...joins, { type: 'left', member: 'gone' }]))
    await indexed(store, 'r')
    const list = async (query: { after?: string; limit: number }) =>
      (await store.listMembers('r', query)).map(row => row.username)
    t.strictSame(await list({ limit: 10 }), ['_x', 'bob', 'Cho', 'Mia', 'Zed'])
    t.strictSame(await list({ limit: 2 }), ['_x', 'bob'])
    t.strictSame(await list({ limit: 2, after: 'BOB' }), ['Cho', 'Mia'])
    t.strictSame(await list({ limit: 2, after: 'zed' }), [])
  })

  promise('a state holds the membership events after the position that the writer has', async (t, store) => {
    await store.createRoom(...room('r'))
    await store.append(
      'r',
      1,
      events('r', 1, [message('x'), { type: 'joined', member: 'bob' }, message('y'), { type: 'left', member: 'bob' }]),
    )
    await indexed(store, 'r')
    t.strictSame(seqs((await store.readState('r', [], 2)).events), [3, 5])
    t.strictSame(seqs((await store.readState('r', [], 4)).events), [5])
    t.strictSame(seqs((await store.readState('r', [], 5)).events), [])
    t.ok((await store.readState('r', [], 2)).events.every(event => membershipTypes.has(event.type)))
  })

  promise('a deleted room is seen no more, its name is free, its log stays taken', async (t, store) => {
    await store.createRoom(...room('r', { name: 'Lunch' }))
    await store.append('r', 1, events('r', 1, [message('first'), message('second')]))
    await store.append(
      'r',
      3,
      events('r', 3, [{ type: 'edited', target: 2, text: 'changed' }, { type: 'room_deleted' }]),
    )
    await indexed(store, 'r')
    t.match(await store.readRoom('r'), { deleted: true, name: 'r' })
    t.match((await standing(store, 'r', [])).room, { deleted: true })
    t.strictSame(await store.listRooms('ann', { limit: 10 }), [])
    await store.createRoom(...room('s', { name: 'Lunch' }))
    await t.rejects(store.createRoom(...room('r', { name: 'Other' })), Conflict)
    // The texts go behind the append.
    let log = await store.readEvents('r', { after: 0, limit: 10 })
    while (log.some(event => event.text)) log = await store.readEvents('r', { after: 0, limit: 10 })
    t.strictSame(seqs(log), [1, 2, 3, 4, 5], 'and every seq stays taken')
    t.strictSame((await search(store, 'r', 'first')).seqs, [])
  })

  promise('a room is deleted even when another has its id for a name', async (t, store) => {
    await store.createRoom(...room('abc'))
    await store.createRoom(...room('r', { name: 'abc' }))
    await store.append('abc', 1, events('abc', 1, [{ type: 'room_deleted' }]))
    await indexed(store, 'abc')
    t.match(await store.readRoom('abc'), { deleted: true })
    t.match(await store.readRoom('r'), { deleted: false, name: 'abc' })
  })

  promise('marks never go back', async (t, store) => {
    t.equal(await store.readMark('ann', 'r'), 0)
    t.equal(await store.moveMark('Ann', 'r', 5), 5)
    t.equal(await store.moveMark('ann', 'r', 3), 5)
    t.equal(await store.moveMark('ANN', 'r', 6), 6)
    t.equal(await store.readMark('ann', 's'), 0)
    const moves = await Promise.all([9, 7, 12, 8].map(async seq => (await store.moveMark('ann', 'r', seq)) >= seq))
    t.strictSame(moves, [true, true, true, true])
    t.equal(await store.readMark('ann', 'r'), 12)
  })

  promise('events come back as they were appended', async (t, store) => {
    const text = `${'가'.repeat(2000)}\r\n\t <b>"'\\%_ 😀`
    const log = events('r', 0, [
      message(text, { username: 'Ann-1_', client_id: 'a.b:c-d_1' }),
      message('reply', { reply_to: 1 }),
      { type: 'edited', target: 2, text: 'edit' },
      { type: 'joined', member: 'Bob' },
      { type: 'session_ended', data: { session_id: 's', expires_at: NOW } },
    ])
    await store.append('r', 0, log)
    t.strictSame(await store.readEvents('r', { after: 0, limit: 10 }), log)
    t.strictSame(await store.readByClientId('r', 'ann-1_', 'a.b:c-d_1'), log[0])
    t.equal(await store.readByClientId('r', 'ann-1_', 'A.B:C-D_1'), null, 'client_ids differ by case')
    t.equal(await store.readByClientId('s', 'Ann-1_', 'a.b:c-d_1'), null)
  })

  promise('events are read after, up to, and up to a limit', async (t, store) => {
    await store.append(
      'r',
      0,
      events(
        'r',
        0,
        upTo(6).map(i => message(`${i}`)),
      ),
    )
    await store.append('q', 0, events('q', 0, [message('other room')]))
    const read = async (query: { after: number; upto?: number; limit: number }) =>
      seqs(await store.readEvents('r', query))
    t.strictSame(await read({ after: 0, limit: 10 }), [1, 2, 3, 4, 5, 6])
    t.strictSame(await read({ after: 2, limit: 2 }), [3, 4])
    t.strictSame(await read({ after: 2, upto: 5, limit: 10 }), [3, 4, 5])
    t.strictSame(await read({ after: 4, upto: 4, limit: 10 }), [])
    t.strictSame(await read({ after: 6, limit: 10 }), [])
    t.equal(await store.readHead('r'), 6)
    t.equal(await store.readHead('nowhere'), 0)
  })

  promise('events of a type are read from a seq on', async (t, store) => {
    const ended = { type: 'session_ended' as const }
    await store.append('_system', 0, events('_system', 0, [ended, message('x'), ended, ended]))
    const read = async (after: number, limit: number) =>
      seqs(await store.readByType('_system', 'session_ended', { after, limit }))
    t.strictSame(await read(0, 10), [1, 3, 4])
    t.strictSame(await read(1, 1), [3])
    t.strictSame(await read(4, 10), [])
  })

  promise('of two appends after the same seq one wins, and no hole is left', async (t, store) => {
    await store.append('r', 0, events('r', 0, [message('first')]))
    const writers = ['a', 'b', 'c', 'd', 'e']
    const batch = (writer: string) =>
      events('r', 1, [message(writer, { client_id: `${writer}1` }), message(writer, { client_id: `${writer}2` })])
    const results = await Promise.allSettled(writers.map(writer => store.append('r', 1, batch(writer))))
    t.equal(results.filter(({ status }) => status === 'fulfilled').length, 1)
    t.equal(results.filter(isConflict).length, writers.length - 1)
    const log = await store.readEvents('r', { after: 0, limit: 10 })
    t.strictSame(seqs(log), [1, 2, 3])
    const winner = writers[results.findIndex(({ status }) => status === 'fulfilled')]
    t.strictSame(texts(log), ['first', winner, winner])
  })

  promise('an append behind the head is refused and changes nothing', async (t, store) => {
    const log = events('r', 0, [message('one'), message('two'), message('three')])
    await store.append('r', 0, log)
    await t.rejects(store.append('r', 0, events('r', 0, [message('late', { client_id: 'x' })])), Conflict)
    await t.rejects(store.append('r', 1, events('r', 1, [message('late', { client_id: 'x' })])), Conflict)
    t.strictSame(await store.readEvents('r', { after: 0, limit: 10 }), log)
    t.equal(await store.readByClientId('r', 'ann', 'x'), null)
  })

  promise('a client_id is taken once for a user in a room, whatever the name’s case', async (t, store) => {
    await store.append('r', 0, events('r', 0, [message('first', { username: 'Ann', client_id: 'x' })]))
    const again = (more: Partial<StoredEvent>, room_id = 'r', after = 1) =>
      store.append(
        room_id,
        after,
        events(room_id, after, [message('again', { username: 'Ann', client_id: 'x', ...more })]),
      )
    await t.rejects(again({}), Conflict)
    await t.rejects(again({ username: 'ANN' }), Conflict)
    await t.rejects(again({ type: 'deleted', target: 1 }), Conflict, 'one scope for all types')
    t.equal(await store.readHead('r'), 1)
    t.equal((await store.readByClientId('r', 'ann', 'x'))?.text, 'first')
    await again({ username: 'bob' })
    await again({}, 'other', 0)
    t.equal(await store.readHead('r'), 2)
    t.equal(await store.readHead('other'), 1)
  })

  promise('a batch that repeats a client_id leaves a prefix at most', async (t, store) => {
    await store.append('r', 0, events('r', 0, [message('known', { client_id: 'k' })]))
    const batch = events('r', 1, [message('a'), message('b'), message('k', { client_id: 'k' }), message('c')])
    await t.rejects(store.append('r', 1, batch), Conflict)
    const log = await store.readEvents('r', { after: 1, limit: 10 })
    t.strictSame(log, batch.slice(0, log.length))
    t.ok(log.length <= 2)
    const head = await store.readHead('r')
    t.equal(head, 1 + log.length)
    await store.append('r', head, events('r', head, [message('next', { client_id: 'next' })]))
    t.equal(await store.readHead('r'), head + 1, 'the log goes on')
  })

  promise('a long batch with a conflict anywhere in it leaves no hole', async (t, store) => {
    await store.append('r', 0, events('r', 0, [message('known', { client_id: 'k' })]))
    let head = 1
    for (const place of [0, 50, 99, 100, 250, 499]) {
      const fields = Array.from({ length: BATCH_MAX }, (_, n) =>
        message(`${place}:${n}`, n === place ? { client_id: 'k' } : {}),
      )
      const batch = events('r', head, fields)
      await t.rejects(store.append('r', head, batch), Conflict)
      const log = await store.readEvents('r', { after: head, limit: BATCH_MAX })
      t.ok(log.length <= place, `${log.length} of them before the one at ${place}`)
      t.strictSame(log, batch.slice(0, log.length))
      head += log.length
      t.equal(await store.readHead('r'), head)
    }
  })

  promise('one write’s conflict does not touch others of the same moment', async (t, store) => {
    await store.createUser(user('taken'))
    await store.append('c', 0, events('c', 0, [message('there')]))
    const results = await Promise.allSettled([
      store.append('a', 0, events('a', 0, [message('a')])),
      store.createUser(user('Taken')),
      store.append('c', 0, events('c', 0, [message('late', { client_id: 'late' })])),
      store.append('b', 0, events('b', 0, [message('b')])),
      store.createRoom(...room('c')),
      store.createUser(user('free')),
    ])
    t.strictSame(results.map(isConflict), [false, true, true, false, true, false])
    t.equal(await store.readHead('a'), 1)
    t.equal(await store.readHead('b'), 1)
    t.equal(await store.readHead('c'), 1)
    t.ok(await store.readUser('free'))
    t.equal(await store.readRoom('c'), null)
  })

  promise('of many writes at once to many rooms none is lost', async (t, store) => {
    const rooms = upTo(30).map(i => `r${i}`)
    const log = (id: string) => events(id, 0, [message(`one of ${id}`), message(`two of ${id}`)])
    await Promise.all([
      ...rooms.map(id => store.append(id, 0, log(id))),
      ...rooms.map(id => store.moveMark('ann', id, 1)),
      ...rooms.map(id => store.createUser(user(id))),
    ])
    for (const id of rooms) {
      t.strictSame(await store.readEvents(id, { after: 0, limit: 10 }), log(id))
      t.equal(await store.readMark('ann', id), 1)
    }
    t.equal(await store.countUsers(), 30)
  })

  promise('the largest batch is taken', async (t, store) => {
    await store.append(
      'r',
      0,
      events(
        'r',
        0,
        upTo(BATCH_MAX).map(i => message(`text ${i}`)),
      ),
    )
    t.equal(await store.readHead('r'), BATCH_MAX)
    t.strictSame(texts(await store.readEvents('r', { after: BATCH_MAX - 1, limit: 10 })), [`text ${BATCH_MAX}`])
  })

  promise('what was deleted reads empty, with its edits, and nothing else does', async (t, store) => {
    await store.append(
      'r',
      0,
      events('r', 0, [
        message('secret'),
        message('stays'),
        { type: 'edited', target: 1, text: 'secret two' },
        { type: 'edited', target: 2, text: 'stays two' },
        { type: 'edited', target: 1, text: 'secret three' },
      ]),
    )
    await store.append('r', 5, events('r', 5, [{ type: 'deleted', target: 1 }]))
    const log = await store.readEvents('r', { after: 0, limit: 10 })
    t.strictSame(texts(log), ['', 'stays', '', 'stays two', '', undefined])
    t.strictSame(seqs(log), [1, 2, 3, 4, 5, 6])
    t.strictSame(
      texts(await store.readEvents('r', { after: 2, upto: 3, limit: 10 })),
      [''],
      'also without its deletion',
    )
    t.strictSame((await search(store, 'r', 'secret')).seqs, [])
    t.strictSame((await search(store, 'r', 'stays')).seqs, [2])
  })

  promise('a message deleted in the batch that sent it reads empty', async (t, store) => {
    await store.append('r', 0, events('r', 0, [message('secret'), { type: 'deleted', target: 1 }, message('after')]))
    t.strictSame(texts(await store.readEvents('r', { after: 0, limit: 10 })), ['', undefined, 'after'])
    t.strictSame((await search(store, 'r', 'secret')).seqs, [])
    t.strictSame((await search(store, 'r', 'after')).seqs, [3])
  })

  promise('a message comes with the newest event that targets it and the number of its edits', async (t, store) => {
    const log = events('r', 0, [
      message('one'),
      message('two'),
      message('three'),
      { type: 'joined', member: 'bob' },
      { type: 'edited', target: 1, text: 'one b' },
      { type: 'edited', target: 2, text: 'two b' },
      { type: 'edited', target: 1, text: 'one c' },
      { type: 'deleted', target: 2 },
    ])
    await store.append('r', 0, log)
    const targets = await store.readTargets('r', [3, 2, 1, 4, 5, 99, 1])
    t.strictSame(
      targets.map(({ message, newest, edits }) => [message.seq, newest?.seq ?? null, edits]),
      [
        [1, 7, 2],
        [2, 8, 1],
        [3, null, 0],
      ],
      'messages only, ascending, each once',
    )
    t.strictSame(targets[0], { message: log[0], newest: log[6], edits: 2 })
    t.strictSame(targets[2]?.newest, null)
    t.strictSame(await store.readTargets('r', []), [])
    t.strictSame(await store.readTargets('other', [1]), [])
  })

  promise('pages hold messages only, ascending, from either side', async (t, store) => {
    const parts = upTo(10).map((i): Part => (i % 3 === 0 ? { type: 'joined', member: `m${i}` } : message(`${i}`)))
    const log = events('r', 0, [...parts, { type: 'edited', target: 10, text: 'edited' }])
    await store.append('r', 0, log)
    const page = async (query: { before?: number; after?: number; limit: number }) =>
      (await store.readPage('r', query)).map(({ message }) => message.seq)
    t.strictSame(await page({ limit: 100 }), [1, 2, 4, 5, 7, 8, 10])
    t.strictSame(await page({ limit: 3 }), [7, 8, 10])
    t.strictSame(await page({ limit: 3, before: 7 }), [2, 4, 5])
    t.strictSame(await page({ limit: 3, before: 1 }), [])
    t.strictSame(await page({ limit: 3, after: 0 }), [1, 2, 4])
    t.strictSame(await page({ limit: 3, after: 8 }), [10])
    t.strictSame(await page({ limit: 3, after: 10 }), [])
    t.strictSame(await store.readPage('nowhere', { limit: 3 }), [])
    t.strictSame(await store.readPage('r', { limit: 2 }), [
      { message: log[7], newest: null },
      { message: log[9], newest: log[10] },
    ])
  })

  promise('unread are others’ messages after the mark that are not deleted', async (t, store) => {
    await store.append(
      'r',
      0,
      events('r', 0, [
        message('1', { username: 'Bob' }),
        message('2', { username: 'ann' }),
        { type: 'joined', member: 'cho', username: 'cho' },
        message('4', { username: 'cho' }),
        message('5', { username: 'cho' }),
        { type: 'edited', username: 'cho', target: 5, text: '5b' },
        message('7', { username: 'cho' }),
        { type: 'deleted', username: 'cho', target: 7 },
      ]),
    )
    const count = (username: string, after: number, max = 1000) => store.countUnread('r', username, after, max)
    t.equal(await count('ann', 0), 3)
    t.equal(await count('BOB', 0), 3)
    t.equal(await count('cho', 0), 2)
    t.equal(await count('dan', 0), 4)
    t.equal(await count('dan', 4), 1)
    t.equal(await count('dan', 0, 2), 2, 'counted up to max')
    t.equal(await count('dan', 8), 0)
    t.equal(await store.countUnread('nowhere', 'dan', 0, 10), 0)
  })

  promise('search finds words, and parts of Korean, Chinese and Japanese ones', async (t, store) => {
    const said = ['Hello, World!', '안녕하세요 여러분', '東京都庁で会議', 'hello 회의실', 'other words', '요약']
    await store.append(
      'r',
      0,
      events(
        'r',
        0,
        said.map(text => message(text)),
      ),
    )
    await store.append('other', 0, events('other', 0, [message('hello')]))
    const find = async (query: string) => (await search(store, 'r', query)).seqs
    t.strictSame(await find('HELLO'), [4, 1])
    t.strictSame(await find('hello world'), [1])
    t.strictSame(await find('hell'), [])
    t.strictSame(await find('안녕'), [2])
    t.strictSame(await find('하세요'), [2])
    t.strictSame(await find('요'), [6, 2])
    t.strictSame(await find('京都'), [3])
    t.strictSame(await find('会議'), [3])
    t.strictSame(await find('회의 hello'), [4])
    t.strictSame(await find('nothing'), [])
    t.strictSame((await search(store, 'nowhere', 'hello')).seqs, [])
  })

  promise('search sees every event before it: sends, edits and deletions', async (t, store) => {
    await store.append('r', 0, events('r', 0, [message('red'), message('red')]))
    t.strictSame((await search(store, 'r', 'red')).seqs, [2, 1])
    await store.append('r', 2, events('r', 2, [{ type: 'edited', target: 1, text: 'blue' }]))
    t.strictSame((await search(store, 'r', 'blue')).seqs, [1], 'an edit is found as its message')
    await store.append('r', 3, events('r', 3, [{ type: 'deleted', target: 1 }, message('blue')]))
    t.strictSame((await search(store, 'r', 'blue')).seqs, [5])
    t.strictSame((await search(store, 'r', 'red')).seqs, [2])
  })

  promise('search goes down from `before`, a limit at a time, and says when nothing is left', async (t, store) => {
    await store.append(
      'r',
      0,
      events(
        'r',
        0,
        upTo(9).map(i => message(i % 2 ? 'odd number' : 'even number')),
      ),
    )
    const found: number[] = []
    let before: number | null = Number.MAX_SAFE_INTEGER
    for (let calls = 0; before !== null && calls < 10; calls++) {
      const result = await store.searchTerms('r', ['odd'], { before, limit: 2 })
      t.ok(result.seqs.length <= 2)
      found.push(...result.seqs)
      before = result.next_before
    }
    t.equal(before, null)
    t.strictSame(found, [9, 7, 5, 3, 1])
    t.strictSame((await store.searchTerms('r', ['odd', 'even'], { before: 9, limit: 2 })).seqs, [])
    t.strictSame((await store.searchTerms('r', ['number', 'even'], { before: 8, limit: 2 })).seqs, [6, 4])
  })

  promise('a long query of many terms is answered', async (t, store) => {
    const text = upTo(100)
      .map(i => String.fromCodePoint(0xac00 + i * 7))
      .join('')
    await store.append('r', 0, events('r', 0, [message(text), message('가나')]))
    t.strictSame((await search(store, 'r', text)).seqs, [1])
  })

  promise(
    'whatever is appended by whomever, the log is what was acknowledged and its index is the log’s',
    async (_, store) => {
      const people = ['ann', 'Bob', 'cho']
      const part = fc.oneof(
        fc.record({ type: fc.constant('message' as const), text: fc.constantFrom('red', 'blue', '빨강') }),
        fc.record({ type: fc.constant('joined' as const), member: fc.constantFrom(...people) }),
        fc.record({ type: fc.constant('left' as const), member: fc.constantFrom(...people) }),
      )
      const append = fc.record({
        parts: fc.array(part, { minLength: 1, maxLength: 4 }),
        username: fc.constantFrom(...people),
        /** How far the writer's knowledge is behind. */
        stale: fc.nat(2),
        /** Few, so that they repeat. */
        client_id: fc.nat(12),
      })
      let run = 0
      await fc.assert(
        fc.asyncProperty(fc.array(append, { maxLength: 12 }), async appends => {
          const id = `p${run++}`
          const [record, created] = room(id, { name: `property ${id}` })
          await store.createRoom(record, created)
          const log = [created]
          for (const { parts, username, stale, client_id } of appends) {
            const after = Math.max(0, log.length - stale)
            const batch = events(
              id,
              after,
              parts.map((part, i) => ({ ...part, username, client_id: `${client_id + i}` })),
            )
            const taken = log.some(known =>
              batch.some(e => e.client_id === known.client_id && e.username === known.username),
            )
            const error = await store.append(id, after, batch).then(
              () => null,
              (error: unknown) => error,
            )
            const stored = await store.readEvents(id, { after: log.length, limit: 100 })
            const behind = after < log.length
            if (error === null) {
              assert(!taken && !behind, 'what is taken is not taken twice')
              assert.deepEqual(stored, batch)
            } else {
              assert(error instanceof Conflict && (taken || behind), 'only what is taken conflicts')
              assert.deepEqual(stored, behind ? [] : batch.slice(0, stored.length), 'a prefix at most')
            }
            log.push(...stored)
          }
          assert.deepEqual(await store.readEvents(id, { after: 0, limit: 100 }), log)
          const members = new Map(
            log.map(foldMember).flatMap(row => (row === null ? [] : [[row.username, row.is_member]])),
          )
          const here = [...members].filter(([, is_member]) => is_member).map(([username]) => username as string)
          const now = await standing(store, id, people)
          assert.deepEqual(now.members.sort(), here.sort())
          assert.deepEqual({ ...now.room, indexed_seq: log.length }, log.reduce(foldRoom, record))
        }),
        { numRuns: 15 },
      )
    },
  )
}
