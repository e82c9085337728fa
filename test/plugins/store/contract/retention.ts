import type { Store } from '../../../../plugins/store/store.js'
import { eventually } from '../../../support/eventually.js'
import { events, message, type Promises, room, search, texts, upTo } from './support.js'

/** Messages that a room keeps no longer. */
export function retentionContract({ promise }: Promises) {
  /** A room with messages 2 to 601, of which 600 was edited last. */
  async function fill(store: Store) {
    await store.createRoom(...room('r'))
    const said = upTo(600).map(n => message(`walnut ${n}`, { username: n % 2 ? 'ann' : 'bob' }))
    await store.append('r', 1, events('r', 1, said.slice(0, 400)))
    await store.append('r', 401, events('r', 401, said.slice(400)))
    const edit = { type: 'edited', target: 300, text: 'hazelnut', username: 'ann' } as const
    await store.append('r', 601, events('r', 601, [edit]))
  }
  const empty = (store: Store, after: number, upto: number) =>
    store.append('r', after, events('r', after, [{ type: 'emptied', username: '', data: { upto } }]))

  promise(
    'messages that were emptied lose texts, edits and terms, and keep their places in the log',
    async (t, store, { reopen }) => {
      await fill(store)
      t.equal((await search(store, 'r', 'hazelnut')).seqs.length, 1)
      await empty(store, 602, 500)
      // What is left is done by the next process.
      const again = await reopen()
      await eventually(async () =>
        texts(await again.readEvents('r', { after: 1, limit: 600 }))
          .slice(0, 499)
          .every(text => text === ''),
      )
      await eventually(async () => texts(await again.readEvents('r', { after: 601, limit: 1 }))[0] === '')
      const log = await again.readEvents('r', { after: 0, limit: 1000 })
      t.equal(log.length, 603)
      t.ok(log.every(({ seq }, n) => seq === n + 1))
      t.equal(log[500]?.text, 'walnut 500', 'those after it stay')
      t.equal((await search(again, 'r', 'hazelnut')).seqs.length, 0)
      const found = await search(again, 'r', 'walnut')
      t.ok(found.seqs.every(seq => seq > 500))
      await empty(again, 603, 560)
      await eventually(async () => texts(await again.readEvents('r', { after: 559, limit: 1 }))[0] === '')
      t.equal(texts(await again.readEvents('r', { after: 560, limit: 1 }))[0], 'walnut 560')
    },
  )

  promise('the record knows up to where a room was emptied, and lists count nothing of it', async (t, store) => {
    await fill(store)
    await store.append('r', 602, events('r', 602, [{ type: 'joined', username: 'cho', member: 'cho' }]))
    const standing = async () => (await store.readStandings('cho', ['r']))[0]
    t.match(await standing(), { unread: 600, last_message: { id: 601 }, room: { emptied_seq: 0 } })
    await empty(store, 603, 591)
    t.match(await standing(), { unread: 10, last_message: { id: 601 }, room: { emptied_seq: 591 } })
    t.match(await store.readRoom('r'), { emptied_seq: 591 })
    await empty(store, 604, 604)
    t.match(await standing(), { unread: 0, last_message: null, room: { emptied_seq: 604 } })
    await store.append('r', 605, events('r', 605, [message('new')]))
    t.match(await standing(), { unread: 1, last_message: { id: 606, text: 'new' } })
  })

  promise('the n-th newest message is found, and rooms that exist are listed by id', async (t, store) => {
    await fill(store)
    t.equal(await store.findNth('r', 1), 601)
    t.equal(await store.findNth('r', 600), 2)
    t.equal(await store.findNth('r', 601), 0)
    t.equal(await store.findNth('none', 1), 0)
    for (const id of ['b', 'a', 'gone']) await store.createRoom(...room(id))
    await store.append('gone', 1, events('gone', 1, [{ type: 'room_deleted' }]))
    await store.append(
      'a',
      1,
      events('a', 1, [{ type: 'room_changed', data: { retention_h: 24, retention_count: 9 } }]),
    )
    const list = async (query: { after?: string; limit: number }) =>
      (await store.listAllRooms(query)).map(({ id, retention_h, retention_count }) => [
        id,
        retention_h,
        retention_count,
      ])
    t.strictSame(await list({ limit: 2 }), [
      ['a', 24, 9],
      ['b', 0, 0],
    ])
    t.strictSame(await list({ limit: 2, after: 'b' }), [['r', 0, 0]])
  })
}
