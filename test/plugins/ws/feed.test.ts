import { randomUUID } from 'node:crypto'
import type { Socket } from 'node:net'
import fc from 'fast-check'
import { type Test, test } from 'tap'
import { packEphemeral, packEvents } from '../../../plugins/room-log/envelope.js'
import { RoomView } from '../../../plugins/room-log/view.js'
import { openEmbedded } from '../../../plugins/store/index.js'
import { Feed, type Subscriber } from '../../../plugins/ws/feed.js'
import { frameText } from '../../../plugins/ws/framing.js'
import { type Connection, Subscription } from '../../../plugins/ws/subscription.js'
import type { StoredEvent } from '../../../schemas/event.js'
import { temporaryFolder } from '../../support/application.js'

let rooms = 0

/** A log of `count` messages, none of them delivered by the bus yet, and a feed that was started when it was empty. */
async function following(t: Test, count: number, more: Partial<StoredEvent>[] = []) {
  const store = await openEmbedded(temporaryFolder(t), { error() {}, warn() {} } as never)
  t.teardown(() => store.close())
  return {
    store,
    async start() {
      const room_id = `room-${++rooms}`
      const events: StoredEvent[] = Array.from({ length: count }, (_, index) => ({
        room_id,
        seq: index + 1,
        type: 'message',
        username: 'minji',
        client_id: randomUUID(),
        created_at: '2026-01-01T00:00:00.000Z',
        text: String(index + 1),
        ...more.find(({ seq }) => seq === index + 1),
      }))
      const feed = new Feed(room_id, store, () => {})
      await feed.start(async () => () => {})
      await store.append(room_id, 0, events)
      return { feed, events }
    },
  }
}

/** A subscriber that records what is written to it. */
function subscriber(username: string) {
  const written: Buffer[] = []
  const endings: string[] = []
  const socket = {
    writableLength: 0,
    write: (bytes: Buffer) => void written.push(bytes),
    cork() {},
    uncork() {},
  }
  const one: Subscriber = {
    username,
    socket: socket as unknown as Socket,
    open: true,
    acks: [],
    ephemeral: [],
    ended: (_room_id, reason) => void endings.push(reason),
    muted() {},
    slow: () => void endings.push('too_slow'),
  }
  return { one, socket, endings, frames: () => parse(Buffer.concat(written)) }
}

/** A new subscription of minji's to a feed. */
function arrival(feed: Feed) {
  const { one, frames } = subscriber('minji')
  const write = (bytes: Buffer) => one.socket.write(bytes)
  const send = (frame: object) => write(frameText(Buffer.from(JSON.stringify(frame))))
  const pay = () => {}
  const turn = () => null
  return { subscription: new Subscription({ ...one, write, send, pay, turn } as unknown as Connection, feed), frames }
}
const welcome = { online: [], online_count: 0, heartbeat_ms: 1000 }

/** The JSON of unmasked text frames. */
function parse(bytes: Buffer): { seq?: number; type: string; client_id?: string }[] {
  const frames = []
  for (let at = 0; at < bytes.length; ) {
    const short = (bytes[at + 1] as number) & 0x7f
    const [length, header] = short < 126 ? [short, 2] : [bytes.readUInt16BE(at + 2), 4]
    frames.push(JSON.parse(bytes.subarray(at + header, at + header + length).toString()))
    at += header + length
  }
  return frames
}

const seqs = (frames: { seq?: number }[]) => frames.map(({ seq }) => seq)
const upTo = (head: number) => Array.from({ length: head }, (_, index) => index + 1)
async function flushedTo(feed: Feed, seq: number) {
  while (feed.flushed < seq) await feed.nextFlush()
}

test('if the bus drops, repeats and reorders events, a socket still gets every event once and in order', async t => {
  const COUNT = 12
  const { start } = await following(t, COUNT)
  // The bus delivers runs of events; the last event always arrives, because the next commit would reveal it.
  const runs = fc.array(fc.tuple(fc.integer({ min: 1, max: COUNT }), fc.integer({ min: 1, max: 4 })), { maxLength: 12 })
  await fc.assert(
    fc.asyncProperty(runs, async brought => {
      const { feed, events } = await start()
      const { one, frames } = subscriber('seojun')
      feed.live.add(one)
      for (const [first, length] of [...brought, [COUNT, 1] as const]) {
        feed.receive(packEvents(events.slice(first - 1, first - 1 + length)))
      }
      await flushedTo(feed, COUNT)
      feed.close()
      return seqs(frames()).join() === upTo(COUNT).join()
    }),
    { numRuns: 100 },
  )
})

test('a user whose membership ended receives nothing after the event that ended it', async t => {
  for (const type of ['removed', 'left'] as const) {
    const { start } = await following(t, 6, [{ seq: 3, type, member: 'minji' }])
    const { feed, events } = await start()
    const [out, other] = [subscriber('minji'), subscriber('seojun')]
    feed.live.add(out.one)
    feed.live.add(other.one)
    feed.receive(packEvents(events))
    await flushedTo(feed, 6)
    t.same(seqs(out.frames()), [1, 2, 3])
    t.same(out.endings, ['not_member'])
    t.same(seqs(other.frames()), upTo(6))
    t.same(other.endings, [])
    t.notOk(feed.live.has(out.one))
    feed.close()
  }
})

test('a removal that the bus did not deliver ends the membership, too', async t => {
  const { start } = await following(t, 6, [{ seq: 3, type: 'removed', member: 'minji' }])
  const { feed, events } = await start()
  const out = subscriber('minji')
  feed.live.add(out.one)
  feed.receive(packEvents(events.slice(5)))
  await flushedTo(feed, 6)
  t.same(seqs(out.frames()), [1, 2, 3])
  t.same(out.endings, ['not_member'])
  feed.close()
})

test('the end of a room ends all subscriptions, including those that are catching up', async t => {
  const { start } = await following(t, 2, [{ seq: 2, type: 'room_deleted' }])
  const { feed, events } = await start()
  const [live, waiting] = [subscriber('minji'), subscriber('seojun')]
  feed.live.add(live.one)
  feed.waiting.add(waiting.one)
  feed.receive(packEvents(events))
  await flushedTo(feed, 2)
  t.same(seqs(live.frames()), [1, 2])
  t.same([live.endings, waiting.endings], [['room_gone'], ['room_gone']])
  feed.close()
})

test('an ack is written before its event, only to its own socket', async t => {
  const { start } = await following(t, 1)
  const { feed, events } = await start()
  const [sender, other] = [subscriber('minji'), subscriber('seojun')]
  feed.live.add(sender.one)
  feed.live.add(other.one)
  feed.receive(packEvents(events))
  feed.ack(sender.one, frameText(Buffer.from('{"type":"ack"}')))
  await flushedTo(feed, 1)
  t.same(
    sender.frames().map(({ type }) => type),
    ['ack', 'message'],
  )
  t.same(
    other.frames().map(({ type }) => type),
    ['message'],
  )
  feed.ack(sender.one, frameText(Buffer.from('{"type":"ack"}')))
  await feed.nextFlush()
  t.same(
    sender.frames().map(({ type }) => type),
    ['ack', 'message', 'ack'],
  )
  feed.close()
})

test('a socket with too many unsent bytes receives nothing more and delays no other socket', async t => {
  const { start } = await following(t, 1)
  const { feed, events } = await start()
  const [slow, other] = [subscriber('minji'), subscriber('seojun')]
  slow.socket.writableLength = 1024 * 1024 + 1
  feed.live.add(slow.one)
  feed.live.add(other.one)
  feed.receive(packEvents(events))
  await flushedTo(feed, 1)
  t.same(slow.endings, ['too_slow'])
  t.same(slow.frames(), [])
  t.same(seqs(other.frames()), [1])
  feed.close()
})

test('more sockets than one slice all get the same events in the same order', async t => {
  const { start } = await following(t, 20)
  const { feed, events } = await start()
  const crowd = Array.from({ length: 600 }, (_, index) => subscriber(`user-${index}`))
  for (const { one } of crowd) feed.live.add(one)
  for (const event of events) {
    feed.receive(packEvents([event]))
    if (event.seq % 3 === 0) await feed.nextFlush()
  }
  await flushedTo(feed, 20)
  await feed.settled()
  t.ok(crowd.every(({ frames }) => seqs(frames()).join() === upTo(20).join()))
  feed.close()
})

test('ephemeral frames are delivered, and envelopes of another version are ignored', async t => {
  const { start } = await following(t, 1)
  const { feed, events } = await start()
  const { one, frames } = subscriber('minji')
  feed.live.add(one)
  feed.receive(packEphemeral({ type: 'typing' }))
  for (const strange of [
    Buffer.of(),
    Buffer.of(9, 1),
    Buffer.of(1, 9),
    Buffer.of(1, 1, 0),
    packEvents(events).subarray(0, 20),
  ]) {
    feed.receive(strange)
  }
  await feed.nextFlush()
  t.same(frames(), [{ type: 'typing' }])
  t.equal(feed.flushed, 0)
  feed.close()
})

test('during a hold nothing is delivered; afterwards everything is, in any amount', async t => {
  const { store } = await following(t, 0)
  let release = () => {}
  let hold: Promise<void> | null = new Promise(resolve => {
    release = resolve
  })
  const { one, frames } = subscriber('minji')
  const feed = new Feed(
    'held',
    store,
    () => {},
    () => hold,
  )
  await feed.start(async () => () => {})
  feed.live.add(one)
  const COUNT = 6000
  for (let first = 1; first <= COUNT; first += 500) {
    const events: StoredEvent[] = Array.from({ length: 500 }, (_, index) => ({
      room_id: 'held',
      seq: first + index,
      type: 'message',
      username: 'minji',
      client_id: randomUUID(),
      created_at: '2026-01-01T00:00:00.000Z',
      text: `${first + index}`,
    }))
    await store.append('held', first - 1, events)
    feed.receive(packEvents(events))
  }
  t.same(frames(), [])
  t.ok((feed.order.position as number) < COUNT, 'the queue is bounded')
  hold = null
  release()
  await flushedTo(feed, COUNT)
  t.same(seqs(frames()), upTo(COUNT))
})

test('a head that another server announces is read from the store', async t => {
  const { start } = await following(t, 3)
  const { feed } = await start()
  const { one, frames } = subscriber('minji')
  feed.live.add(one)
  feed.order.head(3)
  await flushedTo(feed, 3)
  t.same(seqs(frames()), upTo(3))
})

test('settled also waits for acks, but not for frames received later', async t => {
  const { start } = await following(t, 0)
  const { feed } = await start()
  const repeated = subscriber('minji')
  feed.live.add(repeated.one)
  feed.ack(repeated.one, frameText(Buffer.from('{"type":"ack","client_id":"a repeat"}')))
  await feed.settled()
  t.match(repeated.frames(), [{ type: 'ack' }])

  // More than one slice, so that frames arrive during each flush.
  for (let i = 0; i < 300; i++) feed.live.add(subscriber(`u${i}`).one)
  let settled = false
  const busy = () => {
    feed.receive(packEphemeral({ type: 'typing' }))
    if (!settled) setImmediate(busy)
  }
  busy()
  await feed.settled()
  settled = true
  t.ok(repeated.frames().length > 1)
})

test('a socket that resumes while a flush waits misses no event and gets none twice', async t => {
  const { store, start } = await following(t, 2)
  const turn = () => new Promise(resolve => setImmediate(resolve))
  for (const first of ['flush', 'socket']) {
    // Both continue in the same turn of the event loop, one of them some microtasks later.
    for (let behind = 0; behind < 10; behind++) {
      const { feed: reader, events } = await start()
      reader.close()
      let release = () => {}
      const released = new Promise<void>(resolve => {
        release = resolve
      })
      let holds = 0
      const feed = new Feed(
        reader.room_id,
        store,
        () => {},
        async () => {
          const second = holds++ > 0
          await released
          for (let i = 0; second && i < behind; i++) await null
        },
      )
      await feed.start(async () => () => {})
      const live = { ...(events[1] as StoredEvent), seq: 3, client_id: randomUUID() }
      await store.append(feed.room_id, 2, [live])
      const view = new RoomView()
      view.append(events)

      const { subscription, frames } = arrival(feed)
      const come = () => subscription.start(view, store, { after: 2 }, welcome)
      let came: Promise<void> | undefined
      if (first === 'socket') came = come()
      feed.receive(packEvents([live]))
      await turn()
      came ??= come()
      await turn()
      release()
      await came
      await flushedTo(feed, 3)
      t.strictSame(
        frames().map(({ seq, type }) => ({ type, seq })),
        [
          { type: 'welcome', seq: 2 },
          { type: 'message', seq: 3 },
        ],
        `${first} first, the other ${behind} microtasks later`,
      )
      feed.close()
    }
  }
})

test('presence changes during replay are delivered after it', async t => {
  const { store, start } = await following(t, 2)
  const { feed: reader, events } = await start()
  reader.close()
  const feed = new Feed(reader.room_id, store, () => {})
  await feed.start(async () => () => {})
  const view = new RoomView()
  view.append(events)
  const { subscription, frames } = arrival(feed)
  const tell = async (username: string) => {
    feed.broadcast(Buffer.from(JSON.stringify({ type: 'presence', username })))
    await feed.nextFlush()
  }
  await tell('before')
  const came = subscription.start(view, store, { after: 0 }, welcome)
  // The store answers in a later turn, so the socket is between its welcome and its first event.
  feed.broadcast(Buffer.from(JSON.stringify({ type: 'presence', username: 'meanwhile' })))
  await Promise.all([came, feed.nextFlush()])
  await tell('after')
  t.same(
    (frames() as { type: string; username?: string }[]).map(({ type, username }) => [type, username]),
    [
      ['welcome', undefined],
      ['message', 'minji'],
      ['message', 'minji'],
      ['presence', 'before'],
      ['presence', 'meanwhile'],
      ['presence', 'after'],
    ],
  )
  feed.close()
})

test('sockets that resume from the same seq at once share the reads', async t => {
  const COUNT = 250
  const { store, start } = await following(t, COUNT)
  const { feed: reader, events } = await start()
  reader.close()
  let reads = 0
  const readEvents: typeof store.readEvents = (...query) => {
    reads++
    return store.readEvents(...query)
  }
  const feed = new Feed(reader.room_id, { ...store, readEvents }, () => {})
  await feed.start(async () => () => {})
  const view = new RoomView()
  view.append(events)
  const sockets = await Promise.all(
    Array.from({ length: 20 }, async () => {
      const { subscription, frames } = arrival(feed)
      await subscription.start(view, store, { after: 10 }, welcome)
      return frames()
    }),
  )
  for (const frames of sockets) t.same(seqs(frames.slice(1)), upTo(COUNT).slice(10))
  t.equal(reads, 4, 'the first one is short, because long messages are assumed')
  feed.close()
})
