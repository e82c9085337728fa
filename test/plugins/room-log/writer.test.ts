import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { type Test, test } from 'tap'
import type { Entry } from '../../../plugins/room-log/decide.js'
import type { RoomView } from '../../../plugins/room-log/view.js'
import { Writer } from '../../../plugins/room-log/writer.js'
import type { Store } from '../../../plugins/store/index.js'
import { openEmbedded } from '../../../plugins/store/index.js'
import { errors } from '../../../schemas/error.js'
import type { StoredEvent } from '../../../schemas/event.js'
import { KEEPS_ALL } from '../../../schemas/wire.js'
import { temporaryFolder } from '../../support/application.js'

const room_id = 'room'

/** A store with one room that `owner` owns, and several writers to it, as on several servers. */
async function roomOf(t: Test, { max_members = 0, writers = 1 } = {}) {
  const embedded = await openEmbedded(temporaryFolder(t), { error() {}, warn() {} } as never)
  t.teardown(() => embedded.close())
  // Servers do not begin their commits together.
  const { gather, ...common } = embedded
  const store: Store = writers > 1 ? { ...common, shared: true } : { ...embedded, shared: false }
  const settings = { name: 'Room', description: '', is_public: true, max_members }
  const created_at = new Date().toISOString()
  await store.createRoom(
    {
      ...settings,
      id: room_id,
      indexed_seq: 1,
      owner: 'owner',
      member_count: 1,
      password_hash: null,
      created_at,
      deleted: false,
      slow_mode_s: 0,
      ...KEEPS_ALL,
    },
    { room_id, seq: 1, type: 'created', username: 'owner', client_id: randomUUID(), created_at, data: settings },
  )
  const committed: StoredEvent[] = []
  return {
    store,
    committed,
    writers: Array.from(
      { length: writers },
      () => new Writer(room_id, store, events => void committed.push(...events)),
    ),
  }
}

function sending(username: string, text: string, client_id: string = randomUUID()): Entry {
  return {
    type: 'message',
    username,
    client_id,
    decide(view) {
      if (!view.isMember(username)) throw new errors.NotMember(room_id)
      return { text }
    },
    isRepeatOf: event => event.text === text,
  }
}

function membership(
  type: 'joined' | 'removed',
  member: string,
  assertAllowed: (view: RoomView) => void = () => {},
): Entry {
  return {
    type,
    username: 'owner',
    subject: member,
    client_id: randomUUID(),
    decide(view) {
      assertAllowed(view)
      return view.isMember(member) === (type === 'joined') ? null : { member }
    },
  }
}

const log = (store: Store) => store.readEvents(room_id, { after: 0, limit: 500 })
const seqs = (events: { seq: number }[]) => events.map(({ seq }) => seq)
const upTo = (head: number, from = 1) => Array.from({ length: head - from + 1 }, (_, index) => from + index)

test('entries of one turn are committed in order of arrival', async t => {
  const { store, committed, writers } = await roomOf(t)
  const [writer] = writers as [Writer]
  const texts = Array.from({ length: 50 }, (_, index) => String(index))
  const appended = await Promise.all(texts.map(text => writer.append(sending('owner', text))))
  t.same(
    appended.map(one => one?.event.seq),
    upTo(51, 2),
  )
  t.ok(appended.every(one => one?.repeated === false))
  t.same(
    (await log(store)).slice(1).map(({ text }) => text),
    texts,
  )
  t.same(seqs(committed), upTo(51, 2))
})

test('a retry gets the first answer: in the same batch, later, on another server, and after the user was removed', async t => {
  const { store, committed, writers } = await roomOf(t, { writers: 2 })
  const [here, there] = writers as [Writer, Writer]
  await here.append(membership('joined', 'minji'))
  const entry = () => sending('minji', 'once', 'c1')
  const [first, second] = await Promise.all([here.append(entry()), here.append(entry())])
  t.match(first, { repeated: false, event: { seq: 3 } })
  t.match(second, { repeated: true, event: { seq: 3 } })
  t.match(await here.append(entry()), { repeated: true, event: { seq: 3 } })
  t.match(await there.append(entry()), { repeated: true, event: { seq: 3 } })
  await here.append(membership('removed', 'minji'))
  t.match(await here.append(entry()), { repeated: true, event: { seq: 3 } })
  t.match(await there.append(entry()), { repeated: true, event: { seq: 3 } })
  await t.rejects(here.append(sending('minji', 'another')), { code: 'NOT_MEMBER' })
  t.equal(await store.readHead(room_id), 4)
  t.same(seqs(committed), [2, 3, 4])
})

test('a client_id that was used for something else is rejected, in the same batch and later', async t => {
  const { store, writers } = await roomOf(t)
  const [writer] = writers as [Writer]
  const both = [writer.append(sending('owner', 'one', 'c1')), writer.append(sending('owner', 'two', 'c1'))]
  const [first, second] = await Promise.allSettled(both)
  t.equal(first?.status, 'fulfilled')
  t.match(second, { status: 'rejected', reason: { code: 'CLIENT_ID_REUSED' } })
  await t.rejects(writer.append(sending('owner', 'three', 'c1')), { code: 'CLIENT_ID_REUSED' })
  await t.rejects(writer.append({ ...membership('joined', 'minji'), client_id: 'c1' }), { code: 'CLIENT_ID_REUSED' })
  t.equal(await store.readHead(room_id), 2)
})

test('one rejected entry does not affect the others of its batch', async t => {
  const { store, writers } = await roomOf(t)
  const [writer] = writers as [Writer]
  const outcomes = await Promise.allSettled([
    writer.append(sending('owner', 'one')),
    writer.append(sending('stranger', 'no')),
    writer.append(sending('owner', 'two')),
  ])
  t.same(
    outcomes.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled'],
  )
  t.same(
    (await log(store)).slice(1).map(({ text }) => text),
    ['one', 'two'],
  )
})

test('entries of one batch are decided one after the other', async t => {
  const { store, writers } = await roomOf(t)
  const [writer] = writers as [Writer]
  const outcomes = await Promise.allSettled([
    writer.append(membership('joined', 'minji')),
    writer.append(sending('minji', 'in')),
    writer.append(membership('removed', 'minji')),
    writer.append(sending('minji', 'out')),
    writer.append(membership('removed', 'minji')),
  ])
  t.same(
    outcomes.map(({ status }) => status),
    ['fulfilled', 'fulfilled', 'fulfilled', 'rejected', 'fulfilled'],
  )
  t.equal((outcomes[4] as PromiseFulfilledResult<unknown>).value, null, 'there was nothing to do')
  t.same(
    (await log(store)).map(({ type }) => type),
    ['created', 'joined', 'message', 'removed'],
  )
})

test('a user is never rejected on cached state: another server may have admitted them', async t => {
  const { writers } = await roomOf(t, { writers: 2 })
  const [here, there] = writers as [Writer, Writer]
  await t.rejects(here.append(sending('minji', 'too early')), { code: 'NOT_MEMBER' })
  await there.append(membership('joined', 'minji'))
  t.match(await here.append(sending('minji', 'in')), { event: { seq: 3 } })
  await there.append(membership('removed', 'minji'))
  await t.rejects(here.append(sending('minji', 'out')), { code: 'NOT_MEMBER' })
})

test('twenty senders on three servers produce one order without a hole', async t => {
  const { store, committed, writers } = await roomOf(t, { writers: 3 })
  await Promise.all(
    Array.from({ length: 20 }, async (_, sender) => {
      for (let n = 0; n < 20; n++) {
        await (writers[(sender + n) % 3] as Writer).append(sending('owner', `${sender}:${n}`))
      }
    }),
  )
  const events = await log(store)
  t.same(seqs(events), upTo(401))
  t.same(
    seqs(committed).sort((a, b) => a - b),
    upTo(401, 2),
  )
  t.equal(new Set(events.map(({ text }) => text)).size, 401)
  for (let sender = 0; sender < 20; sender++) {
    const own = events
      .filter(({ text }) => text?.startsWith(`${sender}:`))
      .map(({ text }) => Number(text?.split(':')[1]))
    t.same(own, upTo(19, 0), 'each sender’s order is kept')
  }
})

/** The store, and the names of the methods that are called on it; without `gather`, which only waits. */
function counted(store: Store) {
  const calls: string[] = []
  const counting = new Proxy(store, {
    get(target, name) {
      const member = Reflect.get(target, name)
      if (typeof member !== 'function' || name === 'gather') return member
      return (...args: unknown[]) => {
        calls.push(String(name))
        return Reflect.apply(member, target, args)
      }
    },
  })
  return { calls, counting }
}

test('a writer that heard of another server’s event reads it first, and one that heard wrong leaves no hole', async t => {
  const { store, writers } = await roomOf(t)
  const [rival] = writers as [Writer]
  const { calls, counting } = counted(store)
  const writer = new Writer(room_id, counting, () => {})
  await writer.append(sending('owner', 'first'))
  const between = await rival.append(sending('owner', 'between'))
  calls.length = 0
  writer.heard(between?.event.seq as number)
  t.equal((await writer.append(sending('owner', 'third')))?.event.seq, 4)
  t.strictSame(calls, ['readEvents', 'append'], 'no append that fails')

  calls.length = 0
  writer.heard(1000)
  t.equal((await writer.append(sending('owner', 'fourth')))?.event.seq, 5)
  t.equal((await writer.append(sending('owner', 'fifth')))?.event.seq, 6)
  t.strictSame(calls, ['readEvents', 'append', 'append'], 'what is wrong costs one read')
  writer.heard(3)
  t.equal((await writer.append(sending('owner', 'sixth')))?.event.seq, 7)
  t.strictSame(calls, ['readEvents', 'append', 'append', 'append'], 'what is old costs nothing')
})

test('a lost race costs one short read, however many entries wait', async t => {
  const { store, writers } = await roomOf(t)
  const [rival] = writers as [Writer]
  const { calls, counting } = counted(store)
  const writer = new Writer(room_id, counting, () => {})
  await writer.append(sending('owner', 'first'))
  await rival.append(sending('owner', 'between'))
  calls.length = 0
  const events = Array.from({ length: 100 }, (_, n) => sending('owner', String(n)))
  const appended = await Promise.all(events.map(entry => writer.append(entry)))
  t.same(
    appended.map(one => one?.event.seq),
    upTo(103, 4),
  )
  t.strictSame(calls, ['append', 'readEvents', 'append'])
})

test('fifty concurrent joins on two servers to a room of ten: it has ten members', async t => {
  const { store, writers } = await roomOf(t, { max_members: 10, writers: 2 })
  const notFull = ({ room }: RoomView) => {
    if (room && room.member_count >= room.max_members) throw new errors.RoomFull(room_id)
  }
  const outcomes = await Promise.allSettled(
    upTo(50).map(n => (writers[n % 2] as Writer).append(membership('joined', `user-${n}`, notFull))),
  )
  t.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 9, 'and the owner')
  t.equal((await store.readRoom(room_id))?.member_count, 10)
  t.equal((await store.listMembers(room_id, { limit: 100 })).length, 10)
})

test('a message that races with a removal is stored before it or rejected', async t => {
  const { store, writers } = await roomOf(t, { writers: 2 })
  const [here, there] = writers as [Writer, Writer]
  for (let round = 0; round < 100; round++) {
    await there.append(membership('joined', 'minji'))
    const first = round % 2 === 0 ? here.append(sending('minji', `${round} first`)) : null
    const removal = there.append(membership('removed', 'minji'))
    // In some rounds the removal is certain to come first, so that both outcomes are seen on any machine.
    if (round % 10 === 9) await removal
    await Promise.allSettled([first, removal, here.append(sending('minji', `${round} second`))])
  }
  let isMember = false
  let stored = 0
  let behind = 0
  for (const { type, member, username } of await store.readEvents(room_id, { after: 0, limit: 1000 })) {
    if (member === 'minji') isMember = type === 'joined'
    else if (username === 'minji') {
      stored++
      if (!isMember) behind++
    }
  }
  t.equal(behind, 0)
  t.notOk(isMember)
  t.ok(stored > 0 && stored < 150, `${stored} of 150 were before it`)
})

test('retries in any order, on any server, are stored once', async t => {
  const { store, writers } = await roomOf(t, { writers: 2 })
  let run = 0
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ id: fc.integer({ min: 1, max: 5 }), server: fc.integer({ min: 0, max: 1 }) }), {
        minLength: 1,
        maxLength: 20,
      }),
      async sends => {
        const name = `run ${++run}`
        const before = await store.readHead(room_id)
        const appended = await Promise.all(
          sends.map(({ id, server }) => (writers[server] as Writer).append(sending('owner', name, `${name}:${id}`))),
        )
        const distinct = new Set(sends.map(({ id }) => id)).size
        const head = await store.readHead(room_id)
        if (head - before !== distinct) return false
        const bySeq = new Map(appended.map(one => [one?.event.client_id, one?.event.seq]))
        return appended.every(one => bySeq.get(one?.event.client_id) === one?.event.seq)
      },
    ),
    { numRuns: 50 },
  )
})
