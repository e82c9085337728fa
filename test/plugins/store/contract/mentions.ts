import { placeOfMention } from '../../../../plugins/store/log/mentions.js'
import type { Store } from '../../../../plugins/store/store.js'
import { NOW } from '../../../support/events.js'
import { events, message, type Part, type Promises, room, user } from './support.js'

const at = (n: number) => new Date(Date.parse(NOW) + n * 1000).toISOString()
const said = (n: number, text: string, data: Part['data'], more: Partial<Part> = {}): Part =>
  message(text, { created_at: at(n), ...(data && { data }), ...more })

async function list(store: Store, username: string, limit = 10) {
  const found: string[] = []
  for (let before: string | undefined; ; ) {
    const page = await store.listMentions(username, { limit, ...(before !== undefined && { before }) })
    found.push(...page.targets.map(({ message, newest }) => `${message.room_id} ${newest?.text ?? message.text}`))
    if (page.next === null) return found
    before = page.next
  }
}

async function unread(store: Store, username: string, room_id: string) {
  return (await store.readStandings(username, [room_id]))[0]?.unread_mentions
}

/** Messages that mention a user. */
export function mentionsContract({ promise }: Promises) {
  promise('mentions are listed over all rooms of a user, newest first, page by page', async (t, store) => {
    for (const id of ['r', 's', 'left']) await store.createRoom(...room(id))
    const joins: Part = { type: 'joined', member: 'Bob', username: 'Bob', created_at: at(0) }
    const bob = { mentions: ['Bob'] }
    await store.append('r', 1, events('r', 1, [said(0, 'before', { mentions_all: true }), joins, said(1, 'one', bob)]))
    await store.append('s', 1, events('s', 1, [joins, said(2, 'two', { mentions_all: true }), said(4, 'four', bob)]))
    await store.append(
      'r',
      4,
      events('r', 4, [said(3, 'three', { ...bob, mentions_all: true }), said(5, 'none', undefined)]),
    )
    await store.append('r', 6, events('r', 6, [said(6, 'for cho', { mentions: ['cho'] })]))
    await store.append('r', 7, events('r', 7, [said(7, 'own', { mentions_all: true }, { username: 'Bob' })]))
    await store.append('left', 1, events('left', 1, [joins, said(8, 'left', bob), { type: 'left', member: 'Bob' }]))
    for (const limit of [10, 2, 1])
      t.strictSame(await list(store, 'bob', limit), ['s four', 'r three', 's two', 'r one'])
    t.strictSame(await list(store, 'cho'), [], 'a user who is no member')
    t.strictSame([await unread(store, 'bob', 'r'), await unread(store, 'BOB', 's')], [2, 2])
    await store.moveMark('bob', 'r', 4)
    t.strictSame([await unread(store, 'bob', 'r'), await unread(store, 'ann', 'r')], [1, 1])
    await store.append('s', 4, events('s', 4, [{ type: 'room_deleted' }]))
    t.strictSame(await list(store, 'bob'), ['r three', 'r one'])
    const [last] = (await store.listMentions('bob', { limit: 1 })).targets
    t.equal(
      placeOfMention((last as { message: { created_at: string; room_id: string; seq: number } }).message),
      `${at(3)} r ${'5'.padStart(16, '0')}`,
    )
  })

  promise('a mention that an edit took away does not return, and an edit adds none', async (t, store) => {
    await store.createRoom(...room('r'))
    const bob = { mentions: ['bob'] }
    const parts: Part[] = [
      { type: 'joined', member: 'bob' },
      said(1, 'one', bob),
      said(2, 'two', undefined),
      said(3, 'three', { ...bob, mentions_all: true }),
      said(4, 'gone', bob),
    ]
    await store.append('r', 1, events('r', 1, parts))
    t.equal(await unread(store, 'bob', 'r'), 3)
    await store.append(
      'r',
      6,
      events('r', 6, [
        { type: 'edited', target: 3, text: 'edited' },
        { type: 'edited', target: 4, text: 'added', data: bob },
        { type: 'edited', target: 5, text: 'by name', data: bob },
        { type: 'deleted', target: 6 },
      ]),
    )
    for (const round of ['once', 'again']) {
      t.equal(await unread(store, 'bob', 'r'), 1, round)
      t.strictSame(await list(store, 'bob'), ['r by name'], round)
      if (round === 'once')
        await store.append('r', 10, events('r', 10, [{ type: 'edited', target: 3, text: 'back', data: bob }]))
    }
  })

  promise(
    'a mention by name stays while edits mention the user or all, one of all while they mention all',
    async (t, store) => {
      await store.createRoom(...room('r'))
      const bob = { mentions: ['bob'] }
      const all = { mentions_all: true } as const
      await store.append(
        'r',
        1,
        events('r', 1, [
          { type: 'joined', member: 'bob' },
          said(1, 'one', bob),
          said(2, 'two', all),
          { type: 'edited', target: 3, text: 'by all', data: all },
          { type: 'edited', target: 4, text: 'by name', data: bob },
        ]),
      )
      t.strictSame(await list(store, 'bob'), ['r by all'])
      t.equal(await unread(store, 'bob', 'r'), 1)
    },
  )

  promise('mentions by users whom the user blocks count nothing, nor do erased messages', async (t, store) => {
    for (const username of ['bob', 'cho']) await store.createUser(user(username))
    await store.createRoom(...room('r'))
    await store.createRoom(...room('d', { owner: '', direct: { usernames: ['bob', 'cho'], blocked_by: [] } }))
    const all = { mentions_all: true } as const
    const parts: Part[] = [
      { type: 'joined', member: 'bob' },
      { type: 'joined', member: 'cho' },
      said(1, 'one', all),
      said(2, 'two', all, { username: 'cho' }),
      said(3, 'three', all),
    ]
    await store.append('r', 1, events('r', 1, parts))
    t.equal(await unread(store, 'bob', 'r'), 3)
    await store.append('d', 1, events('d', 1, [{ type: 'blocked', username: 'bob', member: 'cho' }]))
    t.equal(await unread(store, 'bob', 'r'), 2)
    await store.append('r', 6, events('r', 6, [{ type: 'emptied', username: '', data: { upto: 4 } }]))
    t.equal(await unread(store, 'bob', 'r'), 1)
    t.strictSame(await list(store, 'bob'), ['r three', 'r two'])
  })

  promise('everybody in the default room is mentioned by all, but not before the account existed', async (t, store) => {
    await store.createRoom(...room('default', { name: 'Lobby', owner: '' }))
    const all = { mentions_all: true } as const
    await store.append('default', 1, events('default', 1, [said(-9, 'early', all)]))
    await store.createUser(user('bob'))
    t.strictSame([await unread(store, 'bob', 'default'), await list(store, 'bob')], [0, []])
    await store.append('default', 2, events('default', 2, [said(9, 'late', all)]))
    t.strictSame([await unread(store, 'bob', 'default'), await list(store, 'bob')], [1, ['default late']])
  })
}
