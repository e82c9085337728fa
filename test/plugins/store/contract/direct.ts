import { Conflict, directId, hiddenMark, type Store } from '../../../../plugins/store/index.js'
import type { StoredEvent } from '../../../../schemas/event.js'
import type { RoomRecord } from '../../../../schemas/room.js'
import { NOW } from '../../../support/events.js'
import { events, indexed, message, type Promises, room, standing } from './support.js'

/** A direct conversation, as it is created. */
function direct(usernames: string[]): [RoomRecord, StoredEvent] {
  const id = directId(usernames)
  const [record, created] = room(id, { name: id, is_public: false, owner: '', member_count: usernames.length })
  return [
    { ...record, direct: { usernames, blocked_by: [] } },
    { ...created, username: usernames[0] as string, data: { ...created.data, members: usernames } },
  ]
}

const at = (second: number) => `2026-01-31T09:30:${String(second).padStart(2, '0')}.000Z`

async function say(store: Store, id: string, second: number) {
  const head = await store.readHead(id)
  await store.append(id, head, events(id, head, [message('hello', { created_at: at(second) })]))
}

/** Direct conversations and blocks. */
export function directContract({ promise }: Promises) {
  promise('everybody in a direct conversation is a member from its first event on', async (t, store) => {
    const [record, created] = direct(['Ann', 'bob', 'cho'])
    await store.createRoom(record, created)
    const now = await standing(store, record.id, ['ANN', 'bob', 'cho', 'dan'])
    t.strictSame(now.members, ['Ann', 'bob', 'cho'])
    t.strictSame(await store.readRoom(record.id), { ...record, indexed_seq: 1 })
    t.strictSame(await store.listAllRooms({ limit: 9 }), [{ ...record, indexed_seq: 1 }])
    const row = { room_id: record.id, username: 'Ann', seq: 1, is_member: true, since: 1 }
    t.strictSame(await store.readMember(record.id, 'ann'), row)
  })

  promise('of two creations of one conversation one wins, and both find it', async (t, store) => {
    const creations = await Promise.allSettled(
      Array.from({ length: 6 }, () => store.createRoom(...direct(['ann', 'bob']))),
    )
    t.equal(creations.filter(({ status }) => status === 'fulfilled').length, 1)
    for (const one of creations) if (one.status === 'rejected') t.ok(one.reason instanceof Conflict)
    t.equal(await store.readHead(directId(['BOB', 'ANN'])), 1)
  })

  promise('a conversation takes no name from rooms, and no room hides it by its name', async (t, store) => {
    const [record, created] = direct(['ann', 'bob'])
    await store.createRoom(...room('squat', { name: record.id }))
    await store.createRoom(record, created)
    await store.append('squat', 1, events('squat', 1, [{ type: 'room_changed', data: { name: 'Lunch' } }]))
    await store.append('squat', 2, events('squat', 2, [{ type: 'room_changed', data: { name: record.id } }]))
    for (const username of ['ann', 'bob', 'cho']) {
      const { standings } = await store.listRooms(username, { limit: 10 })
      t.strictSame(
        standings.map(found => found.room.id),
        ['squat'],
        `no list of ${username} has it`,
      )
    }
    t.match(await store.readStandings('bob', [record.id]), [{ is_member: true, room: { direct: record.direct } }])
  })

  promise('direct conversations are listed by their latest message, once there is one', async (t, store) => {
    const ids: string[] = []
    for (const other of ['bob', 'cho', 'dan', 'eve']) {
      const [record, created] = direct(['ann', other])
      await store.createRoom(record, created)
      ids.push(record.id)
    }
    const [bob, cho, dan] = ids as [string, string, string]
    await store.createRoom(...room('r'))
    await say(store, 'r', 50)
    const list = async (username: string, limit = 10, before?: string) => {
      const page = await store.listDirect(username, { limit, ...(before !== undefined && { before }) })
      return { ids: page.standings.map(({ room }) => room.id), next: page.next, examined: page.examined }
    }
    t.strictSame(await list('ann'), { ids: [], next: null, examined: 5 })
    await say(store, bob, 1)
    await say(store, cho, 2)
    await say(store, dan, 3)
    t.strictSame((await list('ANN')).ids, [dan, cho, bob])
    t.strictSame((await list('bob')).ids, [bob])
    await say(store, bob, 4)
    const first = await list('ann', 2)
    t.strictSame(first.ids, [bob, dan])
    t.strictSame(await list('ann', 2, first.next as string), { ids: [cho], next: null, examined: 5 })

    await store.moveMark('ann', hiddenMark(bob), await store.readHead(bob))
    t.strictSame((await list('ann')).ids, [dan, cho], 'hidden')
    t.strictSame((await list('bob')).ids, [bob], 'for one user only')
    await say(store, bob, 5)
    t.strictSame((await list('ann')).ids, [bob, dan, cho], 'until something is said')
    t.match(await store.listDirect('ann', { limit: 1 }), {
      standings: [{ unread: 0, last_message: { created_at: at(5) }, is_member: true }],
    })
  })

  promise('blocks follow the log of the two users’ conversation', async (t, store) => {
    const [record, created] = direct(['Ann', 'bob'])
    const { id } = record
    await store.createRoom(record, created)
    const block = (username: string, member: string, on = true): Partial<StoredEvent> & Pick<StoredEvent, 'type'> => ({
      type: on ? 'blocked' : 'unblocked',
      username,
      member,
    })
    await store.append(id, 1, events(id, 1, [block('Ann', 'bob'), block('bob', 'Ann')]))
    const blocks = { username: 'bob', at: NOW }
    t.strictSame(await store.listBlocks('ANN'), [
      { room_id: id, username: 'Ann', seq: 2, is_member: true, since: 1, blocks },
    ])
    t.strictSame((await standing(store, id, ['ann'])).room?.direct?.blocked_by, ['Ann', 'bob'])
    await store.append(id, 3, events(id, 3, [block('Ann', 'bob', false)]))
    t.strictSame(await store.listBlocks('ann'), [])
    t.match(await store.listBlocks('bob'), [{ blocks: { username: 'Ann' } }])
    await indexed(store, id)
    t.match(await store.readRoom(id), { direct: { usernames: ['Ann', 'bob'], blocked_by: ['bob'] }, member_count: 2 })
  })
}
