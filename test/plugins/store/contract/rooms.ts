import { Conflict, type RoomQuery } from '../../../../plugins/store/store.js'
import { events, indexed, isConflict, message, type Promises, room, search, seqs, standing, upTo } from './support.js'

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

  promise('a room can be deleted when another room is named like its id', async (t, store) => {
    await store.createRoom(...room('abc'))
    await store.createRoom(...room('r', { name: 'abc' }))
    await store.append('abc', 1, events('abc', 1, [{ type: 'room_deleted' }]))
    await indexed(store, 'abc')
    t.match(await store.readRoom('abc'), { deleted: true })
    t.match(await store.readRoom('r'), { deleted: false, name: 'abc' })
  })
}
