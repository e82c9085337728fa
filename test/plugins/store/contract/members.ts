import { membershipTypes } from '../../../../schemas/event.js'
import { events, indexed, message, type Promises, room, seqs, standing } from './support.js'

/** Members, an index of the log. */
export function membersContract({ promise }: Promises) {
  promise('members follow the log: join, leave, removal, return, new owner', async (t, store) => {
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

  promise('readState returns the membership events after the writer’s position', async (t, store) => {
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
}
