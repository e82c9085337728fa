import { events, indexed, message, type Promises, room, search, seqs, session, user } from './support.js'

/** Opening, closing and the epoch. */
export function openingContract({ promise, open }: Promises) {
  promise(
    'data written before closing can be read after reopening, under the same epoch',
    async (t, store, { reopen }) => {
      await store.createUser(user('Ann'))
      await store.createSession(session('s', 'Ann'))
      await store.createRoom(...room('r'))
      await store.append('r', 1, events('r', 1, [message('hello'), { type: 'joined', member: 'bob' }]))
      await store.moveMark('Ann', 'r', 2)
      const { epoch } = store
      t.match(epoch, /^[\w-]{8,64}$/)
      const again = await reopen()
      await again.ping()
      t.equal(again.epoch, epoch)
      t.strictSame(await again.readUser('Ann'), user('Ann'))
      t.strictSame(await again.readSession('s'), session('s', 'Ann'))
      t.strictSame(seqs(await again.readEvents('r', { after: 0, limit: 10 })), [1, 2, 3])
      t.equal(await again.readMark('Ann', 'r'), 2)
      t.strictSame((await search(again, 'r', 'hello')).seqs, [2])
      await indexed(again, 'r')
      t.strictSame(
        (await again.listMembers('r', { limit: 10 })).map(row => row.username),
        ['ann', 'bob'],
      )
    },
  )

  promise('two stores have different epochs', async (t, store) => {
    const other = await open()
    t.teardown(() => other.destroy())
    t.not(store.epoch, other.store.epoch)
  })

  promise('a closed store rejects every call with StoreUnavailable', async (t, store) => {
    await store.close()
    await t.rejects(store.ping(), { code: 'STORE_UNAVAILABLE' })
    await t.rejects(store.readHead('r'), { code: 'STORE_UNAVAILABLE' })
    await t.rejects(store.append('r', 0, events('r', 0, [message('late')])), { code: 'STORE_UNAVAILABLE' })
    await t.resolves(store.close(), 'closing twice succeeds')
  })

  promise('the epoch can be read again while the store is open', async (t, store) => {
    t.equal(await store.readEpoch(), store.epoch)
  })

  promise('writes under way when the store is closed become durable', async (t, store, { reopen }) => {
    const written = Promise.all([
      store.append('a', 0, events('a', 0, [message('one'), message('two')])),
      store.append('b', 0, events('b', 0, [message('one')])),
    ])
    const again = await reopen()
    await written
    t.equal(await again.readHead('a'), 2)
    t.equal(await again.readHead('b'), 1)
  })
}
