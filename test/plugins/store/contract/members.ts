import { membershipTypes } from '../../../../schemas/event.js'
import { NOW } from '../../../support/events.js'
import { events, indexed, message, type Part, type Promises, room, seqs, standing } from './support.js'

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
    t.strictSame(await store.readMember('r', 'BOB'), {
      room_id: 'r',
      username: 'Bob',
      seq: 6,
      is_member: true,
      since: 6,
    })
    t.strictSame(await store.readMember('r', 'cho'), { room_id: 'r', username: 'cho', seq: 5, is_member: false })
    t.equal(await store.readMember('r', 'dan'), null)
  })

  promise('roles, bans and mutes follow the log', async (t, store) => {
    await store.createRoom(...room('r'))
    const until = '2099-01-01T00:00:00.000Z'
    const changes: Part[] = [
      ...['bob', 'cho', 'dan'].map(member => ({ type: 'joined' as const, member })),
      { type: 'role_changed', member: 'bob', data: { role: 'moderator' } },
      { type: 'muted', member: 'bob', username: 'ann', data: { until, reason: 'loud' } },
      { type: 'banned', member: 'cho', username: 'bob', data: { was_member: true } },
      { type: 'banned', member: 'eve', username: 'bob', data: { until, was_member: false } },
      { type: 'role_changed', member: 'dan', data: { role: 'moderator' } },
      { type: 'muted', member: 'dan' },
      { type: 'left', member: 'dan' },
    ]
    await store.append('r', 1, events('r', 1, changes))
    const at = NOW
    const rows = {
      bob: { is_member: true, role: 'moderator', muted: { by: 'ann', at, until, reason: 'loud' }, seq: 6, since: 2 },
      cho: { is_member: false, banned: { by: 'bob', at }, seq: 7 },
      eve: { is_member: false, banned: { by: 'bob', at, until }, seq: 8 },
      dan: { is_member: false, muted: { by: 'ann', at }, seq: 11 },
    }
    const wanted = (name: keyof typeof rows) => ({ room_id: 'r', username: name, ...rows[name] })
    for (const name of ['bob', 'cho', 'eve', 'dan'] as const)
      t.strictSame(await store.readMember('r', name), wanted(name))
    t.strictSame((await standing(store, 'r', ['bob', 'cho', 'eve', 'dan'])).rows, [
      wanted('bob'),
      wanted('cho'),
      wanted('dan'),
      wanted('eve'),
    ])
    t.match(await store.readRoom('r'), { member_count: 2 })
    t.strictSame(await store.listBanned('r', { limit: 9 }), [wanted('cho'), wanted('eve')])
    t.strictSame(await store.listBanned('r', { after: 'CHO', limit: 9 }), [wanted('eve')])
    const undone: Part[] = [
      { type: 'unbanned', member: 'cho' },
      { type: 'unmuted', member: 'bob' },
      { type: 'role_changed', member: 'bob', data: { role: 'member' } },
      { type: 'joined', member: 'eve' },
    ]
    await store.append('r', 11, events('r', 11, undone))
    t.strictSame(await store.listBanned('r', { limit: 9 }), [], 'joining after a ban ends its mark')
    t.strictSame(await store.readMember('r', 'bob'), {
      room_id: 'r',
      username: 'bob',
      seq: 14,
      is_member: true,
      since: 2,
    })
    t.strictSame(await store.readMember('r', 'cho'), { room_id: 'r', username: 'cho', seq: 12, is_member: false })
    t.match(await store.readRoom('r'), { member_count: 3 })
  })

  promise('a mute in the default room leaves its members what they are without a row', async (t, store) => {
    await store.createRoom(...room('default', { owner: '' }))
    await store.append('default', 1, events('default', 1, [{ type: 'muted', member: 'bob' }]))
    const muted = { room_id: 'default', username: 'bob', seq: 2, is_member: true, muted: { by: 'ann', at: NOW } }
    t.strictSame(await store.readMember('default', 'bob'), muted)
  })

  promise('readState tells the time of the newest event', async (t, store) => {
    await store.createRoom(...room('r'))
    const created_at = '2031-02-03T04:05:06.007Z'
    await store.append('r', 1, events('r', 1, [message('x', { created_at })]))
    t.match(await store.readState('r', [], 0), { head: 2, head_at: created_at })
    t.match(await store.readState('none', [], 0), { head: 0, head_at: '' })
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

  promise(
    'the rows of a user in all rooms are listed by room, also where the membership has ended',
    async (t, store) => {
      for (const id of ['b', 'a', 'c', 'd']) await store.createRoom(...room(id))
      for (const id of ['b', 'c', 'd']) await store.append(id, 1, events(id, 1, [{ type: 'joined', member: 'Bob' }]))
      await store.append('c', 2, events('c', 2, [{ type: 'left', username: 'Bob', member: 'Bob' }]))
      const list = async (username: string, query: { after?: string; limit: number }) =>
        (await store.listMemberships(username, query)).map(({ room_id, is_member }) => [room_id, is_member])
      t.strictSame(await list('BOB', { limit: 10 }), [
        ['b', true],
        ['c', false],
        ['d', true],
      ])
      t.strictSame(await list('bob', { limit: 1, after: 'b' }), [['c', false]])
      t.strictSame(await list('bob', { limit: 10, after: 'd' }), [])
      t.equal((await list('ann', { limit: 10 })).length, 4)
      t.strictSame(await list('nobody', { limit: 10 }), [])
    },
  )

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
