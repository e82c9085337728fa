import { limits } from '../../../../schemas/wire.js'
import { eventually } from '../../../support/eventually.js'
import { events, message, type Part, type Promises, room } from './support.js'

/** Events of reactions, with the counts that a server would store. */
function reacting() {
  const users = new Map<string, Set<string>>()
  const changes = new Map<string, number>()
  return (username: string, id: number, emoji: string, on = true): Part => {
    const key = `${id} ${emoji}`
    const set = users.get(key) ?? new Set()
    users.set(key, set)
    if (on) set.add(username)
    else set.delete(username)
    const made = (changes.get(`${id} ${username}`) ?? 0) + 1
    changes.set(`${id} ${username}`, made)
    return { type: 'reacted', username, data: { message_id: id, emoji, on, count: set.size, changes: made } }
  }
}

/** Reactions to messages, an index of the `reacted` events. */
export function reactionsContract({ promise }: Promises) {
  promise('reactions follow the log, with the rows of the users who are asked for', async (t, store) => {
    await store.createRoom(...room('r'))
    const react = reacting()
    // The server's Unicode data may not know the last one: an event may have any emoji.
    const parts = [
      ...[message('one'), message('two')],
      ...[react('bob', 2, '👍'), react('ann', 2, '👍'), react('bob', 2, '❤️'), react('bob', 2, '👍', false)],
      ...[react('ann', 2, '🏳️‍🌈'), react('ann', 2, '❤️'), react('ann', 2, '❤️', false), react('cho', 3, 'new')],
    ]
    t.strictSame(await store.readReactions('r', [2], ['bob']), [])
    await store.append('r', 1, events('r', 1, parts))
    const row = (username: string, emoji: string, seq: number, is_on: boolean, changes: number) => ({
      ...{ room_id: 'r', id: 2, username, emoji, seq, is_on, changes },
    })
    const [first, second, ...more] = await store.readReactions('r', [3, 2, 1, 99], ['BOB'])
    t.strictSame(first, {
      ...{ room_id: 'r', id: 2, seq: 10 },
      reactions: [
        { emoji: '👍', count: 1, usernames: ['ann'] },
        { emoji: '❤️', count: 1, usernames: ['bob'] },
        { emoji: '🏳️‍🌈', count: 1, usernames: ['ann'] },
      ],
      rows: [row('bob', '❤️', 6, true, 2), row('bob', '👍', 7, false, 3)],
    })
    const seen = { room_id: 'r', id: 3, seq: 11, reactions: [{ emoji: 'new', count: 1, usernames: ['cho'] }], rows: [] }
    t.strictSame(second, seen)
    t.strictSame(more, [])
    t.strictSame(await store.readReactions('other', [2], []), [])
    t.equal(await store.countReacted('r', 0), 8)
    t.equal(await store.countReacted('r', 9), 2)

    await store.append('r', 11, events('r', 11, [react('cho', 3, 'new', false)]))
    t.strictSame(await store.readReactions('r', [3], []), [{ ...seen, seq: 12, reactions: [] }])
  })

  promise(
    `a reaction names at most ${limits.REACTION_NAMES_MAX} users, and others once they are gone`,
    async (t, store) => {
      await store.createRoom(...room('r'))
      const react = reacting()
      const names = Array.from({ length: 60 }, (_, n) => `user-${n}`)
      const left = names.slice(20)
      await store.append('r', 1, events('r', 1, [message('one'), ...names.map(name => react(name, 2, '👍'))]))
      const read = async () => (await store.readReactions('r', [2], []))[0]?.reactions[0]
      t.strictSame(await read(), { emoji: '👍', count: 60, usernames: names.slice(0, limits.REACTION_NAMES_MAX) })
      const off = names.slice(0, 20).map(name => react(name, 2, '👍', false))
      await store.append('r', 62, events('r', 62, off))
      t.equal((await read())?.count, 40)
      // A shared store looks for more names after the append.
      await eventually(async () => (await read())?.usernames.length === limits.REACTION_NAMES_MAX)
      t.ok((await read())?.usernames.every(name => left.includes(name)))
    },
  )

  promise(
    'more reactions than the follower takes in one step are all there, and go with their room',
    async (t, store) => {
      await store.createRoom(...room('r'))
      const react = reacting()
      const parts: Part[] = [message('one')]
      for (let n = 0; n < 450; n++) parts.push(react(`user-${n % 90}`, 2, `e${n % 7}`, n < 300))
      await store.append('r', 1, events('r', 1, parts))
      const [found] = await store.readReactions('r', [2], ['user-5'])
      const users = new Map<string, Set<string>>()
      for (let n = 0; n < 450; n++) {
        const set = users.get(`e${n % 7}`) ?? new Set()
        users.set(`e${n % 7}`, set)
        if (n < 300) set.add(`user-${n % 90}`)
        else set.delete(`user-${n % 90}`)
      }
      t.strictSame(
        Object.fromEntries(found?.reactions.map(({ emoji, count }) => [emoji, count]) ?? []),
        Object.fromEntries([...users].map(([emoji, set]) => [emoji, set.size])),
      )
      t.strictSame(
        found?.rows
          .filter(({ is_on }) => is_on)
          .map(({ emoji }) => emoji)
          .sort(),
        [...users]
          .filter(([, set]) => set.has('user-5'))
          .map(([emoji]) => emoji)
          .sort(),
      )
      const head = await store.readHead('r')
      await store.append('r', head, events('r', head, [{ type: 'room_deleted' }]))
      await eventually(async () => (await store.readReactions('r', [2], [])).length === 0)
    },
  )
}
