import { Conflict, NameTaken, type RoomQuery } from '../../../../plugins/store/store.js'
import { NOW } from '../../../support/events.js'
import {
  events,
  indexed,
  isConflict,
  message,
  type Part,
  type Promises,
  room,
  search,
  seqs,
  standing,
  upTo,
} from './support.js'

/** Rooms and their records. */
export function roomsContract({ promise }: Promises) {
  promise('creating a room stores its first event, its record and its owner’s membership', async (t, store) => {
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
    t.strictSame(await store.readMember('r', 'ann'), {
      room_id: 'r',
      username: 'Ann',
      seq: 1,
      is_member: true,
      since: 1,
    })
    t.strictSame(await store.readState('r', ['ANN', 'bob'], Number.MAX_SAFE_INTEGER), {
      room: record,
      members: [{ room_id: 'r', username: 'Ann', seq: 1, is_member: true, since: 1 }],
      events: [],
      head: 1,
      head_at: NOW,
    })
    t.equal(await store.readRoom('s'), null)
    t.strictSame(await store.readState('s', ['ann'], 0), { room: null, members: [], events: [], head: 0, head_at: '' })
  })

  promise('of concurrent creations with one name or one id exactly one succeeds', async (t, store) => {
    const wanted = ['a', 'b', 'c', 'd'].map(id => store.createRoom(...room(id, { name: 'Same' })))
    const results = await Promise.allSettled(wanted)
    t.equal(results.filter(({ status }) => status === 'fulfilled').length, 1)
    t.equal(results.filter(isConflict).length, 3)
    t.equal((await store.listRooms('ann', { limit: 10 })).standings.length, 1)
    const again = await Promise.allSettled(upTo(4).map(i => store.createRoom(...room('default', { name: `N${i}` }))))
    t.equal(again.filter(isConflict).length, 3)
    t.equal(await store.readHead('default'), 1)
  })

  promise('a creation that fails because of its name can be retried with another name', async (t, store) => {
    await store.createRoom(...room('a', { name: 'Same' }))
    await t.rejects(store.createRoom(...room('b', { name: 'Same' })), Conflict)
    t.equal(await store.readRoom('b'), null)
    await store.createRoom(...room('b', { name: 'Other' }))
    t.equal((await store.readRoom('b'))?.name, 'Other')
    t.equal(await store.readHead('b'), 1)
  })

  promise('names that a reader takes for the same are the same', async (t, store) => {
    const pairs = [
      ['회의', '회의'.normalize('NFD')],
      ['Lunch', 'LUNCH'],
      ['Straße', 'STRASSE'],
      ['İzmir', 'izmir'],
      ['ＡＢＣ', 'abc'],
      ['☀️ sun', '☀ sun'],
      ['علی\u200cرضا', 'علیرضا'],
    ] as const
    for (const [i, [name, twin]] of pairs.entries()) {
      await store.createRoom(...room(`a${i}`, { name }))
      await t.rejects(store.createRoom(...room(`b${i}`, { name: twin })), Conflict, twin)
      const found = await store.listRooms('ann', { limit: 10, q: twin })
      t.strictSame(
        found.standings.map(({ room }) => room.id),
        [`a${i}`],
        `${twin} finds ${name}`,
      )
    }
  })

  promise('a user sees public rooms and their own private ones, sorted by name', async (t, store) => {
    const names = ['Zoo', 'apple', 'Épée', '점심', 'hidden', 'Hidden two', '😀']
    for (const [i, name] of names.entries()) {
      await store.createRoom(...room(`r${i}`, { name, is_public: !/hidden/i.test(name) }))
    }
    await store.append('r4', 1, events('r4', 1, [{ type: 'joined', member: 'Bob' }]))
    await store.append('r5', 1, events('r5', 1, [{ type: 'joined', member: 'Bob' }]))
    await store.append('r5', 2, events('r5', 2, [{ type: 'removed', member: 'Bob' }]))
    await store.append('r0', 1, events('r0', 1, [{ type: 'joined', member: 'Bob' }]))
    for (const id of ['r0', 'r4', 'r5']) await indexed(store, id)
    const list = async (username: string, query: Partial<RoomQuery> = {}) =>
      (await store.listRooms(username, { limit: 100, ...query })).standings.map(({ room }) => room.name)
    t.strictSame(await list('ANN'), ['😀', 'apple', 'Épée', 'hidden', 'Hidden two', 'Zoo', '점심'])
    t.strictSame(await list('bob'), ['😀', 'apple', 'Épée', 'hidden', 'Zoo', '점심'])
    t.strictSame(await list('cho'), ['😀', 'apple', 'Épée', 'Zoo', '점심'])
    t.strictSame(await list('bob', { limit: 2 }), ['😀', 'apple'])
    t.strictSame(await list('bob', { limit: 2, after: 'apple' }), ['Épée', 'hidden'])
    t.strictSame(await list('bob', { q: 'HID' }), ['hidden'])
    t.strictSame(await list('bob', { q: 'ÉP' }), ['Épée'])
    t.strictSame(await list('bob', { q: '심' }), ['점심'])
    t.strictSame(await list('bob', { q: 'o' }), ['Zoo'])
    t.strictSame(await list('bob', { q: '%' }), [], 'q is not a pattern')
    t.strictSame(await list('bob', { q: '.' }), [], 'q is not a pattern')
  })

  promise('all rooms that exist are listed by id, private ones too, without their invitations', async (t, store) => {
    for (const id of ['c', 'a', 'b', 'gone']) await store.createRoom(...room(id, { is_public: id !== 'b' }))
    const invited: Part = { type: 'invited', data: { code_hash: 'hash' } }
    await store.append('a', 1, events('a', 1, [invited]))
    await store.append('gone', 1, events('gone', 1, [{ type: 'room_deleted' }]))
    const ids = async (query: { after?: string; limit: number }) =>
      (await store.listAllRooms(query)).map(({ id }) => id)
    t.strictSame(await ids({ limit: 9 }), ['a', 'b', 'c'])
    t.strictSame(await ids({ limit: 2 }), ['a', 'b'])
    t.strictSame(await ids({ after: 'b', limit: 9 }), ['c'])
    t.strictSame(await store.listAllRooms({ limit: 1 }), [{ ...room('a')[0], indexed_seq: 2 }])
  })

  promise('a deleted room is no longer listed and its name is free, but its log remains', async (t, store) => {
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
    t.strictSame(await store.listRooms('ann', { limit: 10 }), { standings: [], next: null })
    await store.createRoom(...room('s', { name: 'Lunch' }))
    await t.rejects(store.createRoom(...room('r', { name: 'Other' })), Conflict)
    // The texts are emptied in the background.
    let log = await store.readEvents('r', { after: 0, limit: 10 })
    while (log.some(event => event.text)) log = await store.readEvents('r', { after: 0, limit: 10 })
    t.strictSame(seqs(log), [1, 2, 3, 4, 5], 'and every seq stays taken')
    t.strictSame((await search(store, 'r', 'first')).seqs, [])
  })

  promise('settings follow the log, and lists show a new name at once', async (t, store) => {
    await store.createRoom(...room('r', { name: 'Lunch' }))
    const settings = { description: 'noon', is_public: false, max_members: 9, slow_mode_s: 30, password_hash: 'hash' }
    const changes: Part[] = [
      { type: 'room_changed', data: { ...settings, has_password: true } },
      message('between'),
      { type: 'room_changed', data: { name: 'Dinner' } },
    ]
    await store.append('r', 1, events('r', 1, changes))
    t.match((await standing(store, 'r', [])).room, { ...settings, name: 'Dinner', owner: 'ann', indexed_seq: 4 })
    t.notOk('has_password' in ((await store.readRoom('r')) ?? {}))
    t.match(await store.readRoom('r'), { ...settings, name: 'Dinner' })
    const list = async (username: string, q: string) =>
      (await store.listRooms(username, { limit: 9, q })).standings.map(({ room }) => room.name)
    t.strictSame(
      [await list('ann', 'dinner'), await list('ann', 'lunch'), await list('bob', 'dinner')],
      [['Dinner'], [], []],
    )
    await store.append(
      'r',
      4,
      events('r', 4, [{ type: 'room_changed', data: { password_hash: null, is_public: true } }]),
    )
    t.match(await store.readRoom('r'), { password_hash: null, is_public: true, description: 'noon' })
    t.strictSame(await list('bob', 'dinner'), ['Dinner'])
  })

  const rename = (id: string, after: number, name: string, more: Part[] = []) =>
    events(id, after, [...more, { type: 'room_changed', data: { name } }])

  promise(
    'a room cannot get the name of another one, and what stands before the rename may be stored',
    async (t, store) => {
      await store.createRoom(...room('a', { name: 'Lunch' }))
      await store.createRoom(...room('b', { name: 'Dinner' }))
      for (const name of ['Dinner', 'DINNER', 'Ｄinner']) {
        await t.rejects(store.append('a', 1, rename('a', 1, name)), new NameTaken(2))
      }
      t.equal(await store.readHead('a'), 1)
      await store.append('a', 1, rename('a', 1, 'LUNCH'))
      await t.rejects(store.append('a', 2, rename('a', 2, 'dinner', [message('said')])), new NameTaken(4))
      const head = await store.readHead('a')
      t.ok(head === 2 || head === 3)
      t.match(await store.readRoom('a'), { name: 'LUNCH' })
      await t.rejects(store.append('a', 0, rename('a', 0, 'Free')), Conflict, 'the seq is looked at, too')
      await store.append('a', head, rename('a', head, 'Free'))
    },
  )

  promise(
    'a name is free again when its room was renamed or deleted, and two rooms can swap names',
    async (t, store) => {
      await store.createRoom(...room('a', { name: 'Lunch' }))
      await store.createRoom(...room('b', { name: 'Dinner' }))
      await store.append('a', 1, rename('a', 1, 'Swap'))
      await store.append('b', 1, rename('b', 1, 'Lunch'))
      await store.append('a', 2, rename('a', 2, 'Dinner'))
      const names = async () => (await store.listRooms('ann', { limit: 9 })).standings.map(({ room }) => room.name)
      t.strictSame(await names(), ['Dinner', 'Lunch'])
      await store.createRoom(...room('c', { name: 'Swap' }))
      await t.rejects(store.createRoom(...room('d', { name: 'dinner' })), Conflict)
      await store.append('b', 2, events('b', 2, [{ type: 'room_deleted' }]))
      await store.append('c', 1, rename('c', 1, 'lunch'))
      await store.createRoom(...room('e', { name: 'swap' }))
      t.strictSame(await names(), ['Dinner', 'lunch', 'swap'])
    },
  )

  promise('of two renames and a creation that race for a name, exactly one gets it', async (t, store) => {
    for (const n of upTo(5)) {
      await store.createRoom(...room(`a${n}`, { name: `A ${n}` }))
      await store.createRoom(...room(`b${n}`, { name: `B ${n}` }))
      const outcomes = await Promise.allSettled([
        store.append(`a${n}`, 1, rename(`a${n}`, 1, `Wanted ${n}`)),
        store.append(`b${n}`, 1, rename(`b${n}`, 1, `WANTED ${n}`)),
        store.createRoom(...room(`c${n}`, { name: `wanted ${n}` })),
      ])
      t.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
      for (const outcome of outcomes) {
        t.ok(outcome.status === 'fulfilled' || outcome.reason instanceof NameTaken || isConflict(outcome))
      }
      t.equal((await store.listRooms('ann', { limit: 9, q: `wanted ${n}` })).standings.length, 1)
    }
  })

  promise('a room can be deleted when another room is named like its id', async (t, store) => {
    await store.createRoom(...room('abc'))
    await store.createRoom(...room('r', { name: 'abc' }))
    await store.append('abc', 1, events('abc', 1, [{ type: 'room_deleted' }]))
    await indexed(store, 'abc')
    t.match(await store.readRoom('abc'), { deleted: true })
    t.match(await store.readRoom('r'), { deleted: false, name: 'abc' })
  })
}
