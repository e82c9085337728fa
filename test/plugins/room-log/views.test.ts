import { randomUUID } from 'node:crypto'
import { type Test, test } from 'tap'
import { Views } from '../../../plugins/room-log/views.js'
import type { Store } from '../../../plugins/store/index.js'
import { openEmbedded } from '../../../plugins/store/index.js'
import { errors } from '../../../schemas/error.js'
import { KEEPS_ALL } from '../../../schemas/wire.js'
import { temporaryFolder } from '../../support/application.js'

const room_id = 'room'
const settings = { name: 'Room', description: '', is_public: false, max_members: 0 }
const created_at = '2026-01-01T00:00:00.000Z'

/** A store with a room that `owner` owns, and views of it; `reads` are the users of each read so far. */
async function roomOf(t: Test) {
  const embedded = await openEmbedded(temporaryFolder(t), { error() {}, warn() {} } as never)
  t.teardown(() => embedded.close())
  const record = { ...settings, id: room_id, indexed_seq: 1, owner: 'owner', member_count: 1, created_at }
  await embedded.createRoom(
    { ...record, password_hash: null, deleted: false, slow_mode_s: 0, ...KEEPS_ALL },
    { room_id, seq: 1, type: 'created', username: 'owner', client_id: randomUUID(), created_at, data: settings },
  )
  const reads: string[][] = []
  const store: Store = {
    ...embedded,
    readState(id, usernames, since) {
      reads.push(usernames)
      return embedded.readState(id, usernames, since)
    },
  }
  const join = (seq: number, member: string) =>
    embedded.append(room_id, seq - 1, [
      { room_id, seq, type: 'joined', username: 'owner', member, client_id: randomUUID(), created_at },
    ])
  return { store, reads, join, views: new Views(store) }
}

test('requests of one turn share one read, and each is answered for its own user', async t => {
  const { views, reads, join } = await roomOf(t)
  await join(2, 'minji')
  const names = ['owner', 'minji', ...Array.from({ length: 100 }, (_, n) => `stranger${n}`)]
  const found = await Promise.all(names.map(async name => (await views.read(room_id, [name])).isMember(name)))
  t.same(found, [true, true, ...Array.from({ length: 100 }, () => false)])
  t.equal(reads.length, 1)
})

test('a request is never answered by a read that began before it', async t => {
  const { store, views, join } = await roomOf(t)
  const { readState } = store
  let release = () => {}
  const released = new Promise<void>(resolve => {
    release = resolve
  })
  const isRead = new Promise<void>(resolve => {
    store.readState = async (...query) => {
      const state = await readState(...query)
      resolve()
      await released
      return state
    }
  })
  const before = views.read(room_id, ['minji'])
  await isRead
  await join(2, 'minji')
  const after = views.read(room_id, ['minji'])
  release()
  t.equal((await before).isMember('minji'), false)
  t.equal((await after).isMember('minji'), true)
})

test('if the store fails, all waiting requests are rejected, and the next one reads again', async t => {
  const { store, views } = await roomOf(t)
  const { readState } = store
  store.readState = async () => {
    throw new errors.StoreUnavailable()
  }
  const refused = await Promise.allSettled([views.read(room_id, ['owner']), views.read(room_id, ['minji'])])
  t.match(refused, [{ reason: { code: 'STORE_UNAVAILABLE' } }, { reason: { code: 'STORE_UNAVAILABLE' } }])
  store.readState = readState
  t.equal((await views.read(room_id, ['owner'])).isMember('owner'), true)
})

test('beyond 100,000 waiting requests a request is rejected, and the ones before it are answered', async t => {
  const { store, views } = await roomOf(t)
  const { readState } = store
  const state = await readState(room_id, ['owner'], Number.MAX_SAFE_INTEGER)
  store.readState = async () => state
  const waiting = Array.from({ length: 100_000 }, () => views.read(room_id, ['owner']))
  await t.rejects(views.read('another room', ['owner']), { code: 'STORE_UNAVAILABLE' })
  const found = await Promise.all(waiting)
  t.ok(found.every(view => view.isMember('owner')))
  t.ok(await views.read(room_id, ['owner']), 'then there is room again')
})
