import { UNREAD_SCAN_MAX } from '../../../../plugins/store/store.js'
import { limits } from '../../../../schemas/wire.js'
import { NOW } from '../../../support/events.js'
import { events, indexed, message, type Part, type Promises, room, upTo, user } from './support.js'

/** What a list shows of a user's rooms. */
export function standingsContract({ promise }: Promises) {
  promise('a standing has record, membership, mark, unread count, last seq and newest message', async (t, store) => {
    await store.createUser(user('Bob'))
    await store.createRoom(...room('r', { name: '점심', is_public: false }))
    await store.createRoom(...room('quiet'))
    await store.append(
      'r',
      1,
      events('r', 1, [
        message('early'),
        { type: 'joined', member: 'Bob', username: 'Bob' },
        message('one'),
        message('mine', { username: 'Bob' }),
        message('two'),
        message('gone'),
        { type: 'deleted', target: 7 },
      ]),
    )
    await store.moveMark('bob', 'r', 3)
    const standings = await store.readStandings('BOB', ['r', 'quiet', 'nowhere'])
    t.strictSame(standings.map(({ room }) => room.id).sort(), ['quiet', 'r'])
    const r = standings.find(({ room }) => room.id === 'r')
    const { room: record, ...rest } = r as NonNullable<typeof r>
    t.match(record, { id: 'r', name: '점심', is_public: false, owner: 'ann', member_count: 2, deleted: false })
    t.strictSame(rest, {
      is_member: true,
      is_moderator: false,
      seq: 8,
      last_read_seq: 3,
      unread: 2,
      unread_mentions: 0,
      last_message: { id: 7, username: 'ann', text: '', created_at: NOW, deleted_at: NOW },
    })
    const outside = { is_member: false, seq: 1, last_read_seq: 0, unread: 0, last_message: null }
    t.match(
      standings.find(({ room }) => room.id === 'quiet'),
      outside,
    )
    t.match(await store.readStandings('ann', ['quiet']), [{ is_member: true, last_message: null, unread: 0 }])
    t.strictSame(await store.readStandings('ann', []), [])
  })

  promise('a standing is current, whether or not the latest events are indexed', async (t, store) => {
    await store.createRoom(...room('r'))
    await store.append('r', 1, events('r', 1, [{ type: 'joined', member: 'bob' }, message('first')]))
    const see = async (username: string) => (await store.readStandings(username, ['r']))[0]
    for (const settled of [false, true]) {
      if (settled) await indexed(store, 'r')
      t.match(await see('bob'), { seq: 3, unread: 1, last_message: { id: 3, text: 'first' } })
    }
    await store.append('r', 3, events('r', 3, [{ type: 'edited', target: 3, text: '🍜'.repeat(201) }]))
    t.match(await see('bob'), { seq: 4, unread: 1, last_message: { id: 3, text: '🍜'.repeat(limits.LAST_TEXT_MAX) } })
    await store.append('r', 4, events('r', 4, [{ type: 'deleted', target: 3 }]))
    for (const settled of [false, true]) {
      if (settled) await indexed(store, 'r')
      t.match(await see('bob'), { seq: 5, unread: 0, last_message: { id: 3, text: '', deleted_at: NOW } })
    }
    await store.append(
      'r',
      5,
      events('r', 5, [message('second'), { type: 'removed', member: 'bob' }, message('third')]),
    )
    for (const settled of [false, true]) {
      if (settled) await indexed(store, 'r')
      const gone = { is_member: false, seq: 8, unread: 0, last_read_seq: 0, last_message: null }
      t.match(await see('bob'), { ...gone, room: { member_count: 1 } }, 'a removed user sees nothing of the room')
    }
    await store.append('r', 8, events('r', 8, [{ type: 'room_deleted' }]))
    t.match(await see('ann'), { room: { deleted: true }, seq: 9, last_message: null })
  })

  promise('unread counts are right when a moderator deletes messages of others', async (t, store) => {
    await store.createRoom(...room('r'))
    const parts: Part[] = [
      { type: 'joined', member: 'bob' },
      { type: 'joined', member: 'cho' },
      message('by bob', { username: 'bob' }),
      message('by bob, too', { username: 'bob' }),
      message('by cho', { username: 'cho' }),
      { type: 'deleted', target: 4, member: 'bob' },
    ]
    await store.append('r', 1, events('r', 1, parts))
    const unread = async (username: string) => (await store.readStandings(username, ['r']))[0]?.unread
    for (const settled of [false, true]) {
      if (settled) await indexed(store, 'r')
      t.strictSame([await unread('ann'), await unread('bob'), await unread('cho')], [2, 1, 1])
    }
  })

  promise('a standing tells owners and moderators what they are', async (t, store) => {
    await store.createRoom(...room('r'))
    await store.append('r', 1, events('r', 1, [{ type: 'joined', member: 'bob' }]))
    const see = async (username: string) => (await store.readStandings(username, ['r']))[0]?.is_moderator
    t.strictSame([await see('ANN'), await see('bob'), await see('cho')], [true, false, false])
    await store.append('r', 2, events('r', 2, [{ type: 'role_changed', member: 'bob', data: { role: 'moderator' } }]))
    for (const settled of [false, true]) {
      if (settled) await indexed(store, 'r')
      t.equal(await see('BOB'), true)
    }
  })

  promise('a standing counts unread messages up to a bound, and looks at the newest events only', async (t, store) => {
    await store.createRoom(...room('r'))
    await store.createRoom(...room('s'))
    await store.append('s', 1, events('s', 1, [message('other room')]))
    let seq = 1
    const say = async (count: number) => {
      for (; count > 0; count -= 250) {
        await store.append(
          'r',
          seq,
          events(
            'r',
            seq,
            upTo(Math.min(count, 250)).map(i => message(`m${i}`)),
          ),
        )
        seq += Math.min(count, 250)
      }
    }
    await store.append('r', seq++, events('r', 1, [{ type: 'joined', member: 'bob' }]))
    await say(limits.UNREAD_MAX - 1)
    const unread = async () =>
      (await store.readStandings('bob', ['r', 's'])).find(({ room }) => room.id === 'r')?.unread
    t.equal(await unread(), limits.UNREAD_MAX - 1)
    await say(2)
    t.equal(await unread(), limits.UNREAD_MAX)
    await store.moveMark('bob', 'r', seq - 1)
    t.equal(await unread(), 1)
    t.ok(UNREAD_SCAN_MAX > limits.UNREAD_MAX)
  })

  promise('every user is a member of the default room', async (t, store) => {
    await store.createRoom(...room('default', { name: 'Lobby', owner: '' }))
    await store.createUser(user('Bob'))
    await store.append('default', 1, events('default', 1, [message('hello')]))
    t.match(await store.readStandings('bob', ['default']), [
      { is_member: true, last_read_seq: 1, unread: 1, last_message: { text: 'hello' } },
    ])
  })

  promise('a list contains all visible rooms, the user’s own, or the others', async (t, store) => {
    await store.createRoom(...room('default', { name: 'Lobby', owner: '' }))
    for (const name of ['a', 'b', 'c', 'd', 'e']) await store.createRoom(...room(name, { name }))
    await store.createRoom(...room('p', { name: 'private', is_public: false }))
    await store.createRoom(...room('q', { name: 'quarters', is_public: false }))
    for (const id of ['b', 'd', 'p']) await store.append(id, 1, events(id, 1, [{ type: 'joined', member: 'bob' }]))
    const list = async (query: { mine?: boolean; q?: string }) => {
      const names: string[] = []
      let after: string | undefined
      do {
        const page = await store.listRooms('bob', { limit: 2, ...query, ...(after !== undefined && { after }) })
        t.ok(page.standings.length <= 2)
        names.push(...page.standings.map(({ room }) => room.name))
        after = page.next ?? undefined
      } while (after !== undefined)
      return names
    }
    t.strictSame(await list({}), ['a', 'b', 'c', 'd', 'e', 'Lobby', 'private'])
    t.strictSame(await list({ mine: true }), ['b', 'd', 'Lobby', 'private'])
    t.strictSame(await list({ mine: false }), ['a', 'c', 'e'])
    t.strictSame(await list({ mine: true, q: 'B' }), ['b', 'Lobby'])
    t.strictSame(await list({ mine: false, q: 'b' }), [])
  })
}
