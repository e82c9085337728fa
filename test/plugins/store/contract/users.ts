import { Conflict } from '../../../../plugins/store/store.js'
import type { StoredUser } from '../../../../schemas/user.js'
import { events, isConflict, message, type Promises, room, user } from './support.js'

/** Users and their accounts. */
export function usersContract({ promise }: Promises) {
  promise('usernames are unique regardless of case and keep their registered spelling', async (t, store) => {
    await store.createUser(user('MinJi'))
    await t.rejects(store.createUser(user('minji')), Conflict)
    await t.rejects(store.createUser({ ...user('MINJI'), bio: 'other' }), Conflict)
    t.strictSame(await store.readUser('mInJi'), user('MinJi'))
    t.strictSame(await store.readUsers(['MINJI', 'nobody']), [user('MinJi')])
    t.equal(await store.countUsers(), 1)
    t.equal(await store.readUser('min'), null)
  })

  promise('of concurrent registrations of one name exactly one succeeds', async (t, store) => {
    const names = ['Ann', 'ann', 'ANN', 'aNn', 'anN', 'bob']
    const results = await Promise.allSettled(names.map(name => store.createUser(user(name))))
    t.equal(results.filter(({ status }) => status === 'fulfilled').length, 2)
    t.equal(results.filter(isConflict).length, 4)
    t.equal(await store.countUsers(), 2)
  })

  promise('users can be read in a batch, listed by lower-case name and counted', async (t, store) => {
    for (const name of ['Cho', 'ann', 'Bob', '_x', 'dan']) await store.createUser(user(name))
    const names = (users: StoredUser[]) => users.map(({ username }) => username)
    t.strictSame(names(await store.listUsers({ limit: 3 })), ['_x', 'ann', 'Bob'])
    t.strictSame(names(await store.listUsers({ limit: 3, after: 'BOB' })), ['Cho', 'dan'])
    t.strictSame(names(await store.listUsers({ limit: 3, after: 'dan' })), [])
    t.strictSame(names(await store.readUsers(['cho', 'DAN', 'eve'])).sort(), ['Cho', 'dan'])
    t.strictSame(await store.readUsers([]), [])
    t.equal(await store.countUsers(), 5)
  })

  promise('changing a profile changes the given fields only', async (t, store) => {
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

  promise('changing an account changes the given fields only', async (t, store, { reopen }) => {
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

  promise('a change of an account is refused unless it has the expected generation, in one write', async (t, store) => {
    await store.createUser(user('Ann'))
    const change = (n: number) => ({ password_hash: `hash ${n}`, generation: 1, kept_session: `session ${n}` })
    const changed = await Promise.all([1, 2, 3, 4].map(n => store.changeAccount('ann', change(n), 0)))
    t.equal(changed.filter(Boolean).length, 1, 'of concurrent changes one is made')
    const first = changed.indexOf(true) + 1
    t.strictSame(await store.readUser('ann'), { ...user('Ann'), ...change(first) })
    t.equal(await store.changeAccount('ann', { blocked: true }, 0), false)
    t.equal(await store.changeAccount('ann', { generation: 2, kept_session: null }, 1), true)
    t.strictSame(await store.readUser('ann'), { ...user('Ann'), password_hash: `hash ${first}`, generation: 2 })
    t.equal(await store.changeAccount('bob', { generation: 1 }, 0), false)
    t.equal(await store.changeAccount('ann', { blocked: true }, 2, true), false)
    t.equal(await store.changeAccount('ann', { is_admin: true }, 2, false), true)
    t.equal(await store.changeAccount('ann', { blocked: true }, 2, false), false)
    t.equal(await store.changeAccount('ann', { blocked: true }, 2, true), true)
  })

  promise('of accounts created at once in an empty store, at most one becomes an administrator', async (t, store) => {
    const names = Array.from({ length: 20 }, (_, n) => `user-${n}`)
    const created = await Promise.all(names.map(name => store.createUser(user(name), true)))
    t.equal(created.filter(({ is_admin }) => is_admin).length, 1)
    t.strictSame(
      await store.readUsers(names).then(users => users.filter(({ is_admin }) => is_admin)),
      created.filter(({ is_admin }) => is_admin),
    )
    const [admin] = created.filter(({ is_admin }) => is_admin)
    t.equal(await store.changeAccount(admin?.username as string, { is_admin: false }), true)
    t.match(await store.createUser(user('late'), true), { is_admin: false }, 'not the next one')
  })

  promise('an account whose creator does not ask for it never becomes an administrator', async (t, store) => {
    t.match(await store.createUser(user('imported')), { is_admin: false })
    t.match(await store.createUser(user('ann'), true), { is_admin: false })
    t.match(await store.createUser({ ...user('bob'), is_admin: true }), { is_admin: true })
  })

  promise(
    'a deleted account keeps its name, is not listed nor counted, and waits until its deletion is done',
    async (t, store, { reopen }) => {
      for (const name of ['ann', 'bob', 'cho']) await store.createUser(user(name))
      t.equal(await store.countUsers(), 3)
      const mark = { deletion: 'delete', deleted_at: '2026-01-31T09:30:00.000Z', deletion_done: false } as const
      t.equal(await store.changeAccount('BOB', { ...mark, generation: 1 }, 0), true)
      const again = await reopen()
      t.strictSame(await again.readUser('bob'), { ...user('bob'), ...mark, generation: 1 })
      t.strictSame(
        (await again.listUsers({ limit: 10 })).map(({ username }) => username),
        ['ann', 'cho'],
      )
      t.equal(await again.countUsers(), 2)
      t.strictSame(await again.listDeletions(10), [{ ...user('bob'), ...mark, generation: 1 }])
      t.strictSame(await again.listDeletions(1), await again.listDeletions(10))
      await t.rejects(again.createUser(user('Bob')), Conflict)
      await again.changeAccount('bob', { deletion_done: true })
      t.strictSame(await again.listDeletions(10), [])
      t.match(await again.readUser('bob'), { deletion: 'delete', deletion_done: true })
    },
  )

  promise('a store that had an account knows that, even if all accounts are deleted', async (t, store) => {
    t.equal(await store.hadUsers(), false)
    await store.createUser(user('ann'))
    await store.changeAccount('ann', { deletion: 'keep', deleted_at: '2026-01-31T09:30:00.000Z' })
    t.equal(await store.hadUsers(), true)
    t.equal(await store.countUsers(), 0)
  })

  promise('of several holders one has a lease, and another gets it when it is given up', async (t, store) => {
    if (!store.shared) {
      t.ok(await store.takeLease('work', 'one'), 'a store of one process has no rivals')
      return
    }
    const taken = await Promise.all(['one', 'two', 'three'].map(holder => store.takeLease('work', holder)))
    t.equal(taken.filter(Boolean).length, 1)
    const holder = ['one', 'two', 'three'][taken.indexOf(true)] as string
    t.equal(await store.takeLease('work', holder), true, 'renewed')
    t.equal(await store.takeLease('other work', 'other'), true)
    await store.releaseLease('work', 'nobody')
    t.equal(await store.takeLease('work', 'other'), false)
    await store.releaseLease('work', holder)
    t.equal(await store.takeLease('work', 'other'), true)
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
}
