import { type Test, test } from 'tap'
import { WebSocket } from 'ws'
import {
  type ApiError,
  type Connection,
  type ConnectionOptions,
  type ConnectionState,
  createConnection,
  type Pending,
  type RoomEvent,
} from '../../../static/client/index.js'
import { ack, EPOCH, message, type PeerSocket, startPeer, welcome } from '../../support/peer.js'

type Closed = Extract<ConnectionState, { name: 'closed' }>

/** A client on a scripted server, with everything that its listeners received, and a way to wait for more. */
async function start(t: Test, options: Partial<ConnectionOptions> = {}) {
  const peer = await startPeer(t)
  const states: ConnectionState[] = []
  const delays: number[] = []
  const told = createTold()
  const connection = createConnection({
    base_url: peer.base_url,
    WebSocket,
    token: () => 'head.body.sign',
    backoff: { base_ms: 4, cap_ms: 20 },
    ...options,
    on_state(state) {
      states.push(state)
      if (state.name === 'waiting') delays.push(state.until - Date.now())
      told.notify()
    },
  })
  t.after(() => connection.close())
  return {
    peer,
    connection,
    states,
    delays,
    told,
    follow: (room_id = 'a', from?: { after: number; epoch?: string }) => follow(connection, told, room_id, from),
  }
}

/** Waits until a condition holds; it is checked whenever a listener is called. */
function createTold() {
  const waiting = new Set<() => void>()
  return {
    notify() {
      for (const look of waiting) look()
    },
    until: (holds: () => boolean) =>
      new Promise<void>(resolve => {
        const look = () => {
          if (!holds()) return
          waiting.delete(look)
          resolve()
        }
        waiting.add(look)
        look()
      }),
  }
}

function follow(
  connection: Connection,
  told: ReturnType<typeof createTold>,
  room_id: string,
  from?: { after: number; epoch?: string },
) {
  const room = {
    events: [] as RoomEvent[],
    starts: [] as [number, string][],
    ended: [] as ApiError[],
    seqs: () => room.events.map(event => event.seq),
    until: (seq: number) => told.until(() => room.events.at(-1)?.seq === seq),
  }
  connection.subscribe(
    room_id,
    {
      event: event => {
        room.events.push(event)
        told.notify()
      },
      start: (seq, epoch) => {
        room.starts.push([seq, epoch])
        told.notify()
      },
      ended: error => {
        room.ended.push(error)
        told.notify()
      },
    },
    from,
  )
  return room
}

/**
 * Mocks the client's timers: time passes only when the test says so, so that no machine is too slow.
 * @returns a function that lets a number of ms pass
 */
function standStill(t: Test): (ms: number) => void {
  const before = { setTimeout, clearTimeout, now: Date.now }
  const timers = new Map<number, { at: number; run: () => void }>()
  let now = Date.now()
  let last = 0
  const fakes = {
    setTimeout(run: (...parameters: unknown[]) => void, ms = 0, ...parameters: unknown[]) {
      timers.set(++last, { at: now + ms, run: () => run(...parameters) })
      return last
    },
    clearTimeout: (timer: number) => timers.delete(timer),
  }
  Object.assign(globalThis, fakes)
  Date.now = () => now
  t.after(() => {
    Object.assign(globalThis, { setTimeout: before.setTimeout, clearTimeout: before.clearTimeout })
    Date.now = before.now
  })
  return ms => {
    now += ms
    for (const [timer, { at, run }] of [...timers]) if (at <= now && timers.delete(timer)) run()
  }
}

/** Asserts the client's next frame. */
async function expect(t: Test, socket: PeerSocket, frame: object, name = JSON.stringify(frame)) {
  t.strictSame(await socket.next(), frame, name)
}

test('the token is sent as a subprotocol, and every room is subscribed to when the socket opens', async t => {
  const { peer, follow } = await start(t)
  follow('a')
  follow('b', { after: 7, epoch: EPOCH })
  const socket = await peer.next()
  t.strictSame(socket.protocols, ['talkie.v1', 'bearer.head.body.sign'])
  await expect(t, socket, { type: 'subscribe', merge_reactions: true, room_id: 'a' })
  await expect(t, socket, { type: 'subscribe', merge_reactions: true, room_id: 'b', after: 7, epoch: EPOCH })
})

test('a lost socket resumes after the last event, not after an ack or the welcome’s head', async t => {
  const { peer, connection, follow } = await start(t)
  const room = follow('a')
  const first = await peer.next()
  await first.next()
  first.send(welcome('a', 10, false), message('a', 11))
  await room.until(11)
  const { client_id, ack: acked } = connection.send('a', 'hello')
  await first.next()
  first.send(ack('a', client_id, 15))
  t.equal((await acked).seq, 15)
  first.terminate()

  const second = await peer.next()
  await expect(t, second, { type: 'subscribe', merge_reactions: true, room_id: 'a', after: 11, epoch: EPOCH })
  second.send(welcome('a', 15, true), ...[12, 13, 14, 15].map(seq => message('a', seq)))
  await room.until(15)
  t.strictSame(room.seqs(), [11, 12, 13, 14, 15])
  t.strictSame(room.starts, [[10, EPOCH]], 'what the client holds stays valid')
})

test('a room without events resumes from its welcome, also from 0', async t => {
  const { peer, follow } = await start(t)
  follow('a')
  const told = follow('b')
  const first = await peer.next()
  first.send(welcome('a', 0, false), welcome('b', 10, false), message('b', 11))
  await told.until(11)
  first.terminate()
  const second = await peer.next()
  await expect(t, second, { type: 'subscribe', merge_reactions: true, room_id: 'a', after: 0, epoch: EPOCH })
  await expect(t, second, { type: 'subscribe', merge_reactions: true, room_id: 'b', after: 11, epoch: EPOCH })
})

test('a duplicate event is dropped', async t => {
  const { peer, follow } = await start(t)
  const room = follow('a', { after: 2, epoch: EPOCH })
  const socket = await peer.next()
  socket.send(welcome('a', 4, true), ...[1, 2, 3, 3, 2, 4, 4].map(seq => message('a', seq)), message('a', 5))
  await room.until(5)
  t.strictSame(room.seqs(), [3, 4, 5])
})

test('after a gap, frames are ignored until the room is resumed from before the gap', async t => {
  const { peer, follow } = await start(t)
  const room = follow('a', { after: 2, epoch: EPOCH })
  const socket = await peer.next()
  await socket.next()
  socket.send(welcome('a', 6, true), message('a', 3), message('a', 5), message('a', 6))
  await expect(t, socket, { type: 'unsubscribe', room_id: 'a' })
  await expect(t, socket, { type: 'subscribe', merge_reactions: true, room_id: 'a', after: 3, epoch: EPOCH })
  socket.send({ type: 'unsubscribed', room_id: 'a' }, message('a', 4), welcome('a', 6, true))
  socket.send(...[4, 5, 6].map(seq => message('a', seq)))
  await room.until(6)
  t.strictSame(room.seqs(), [3, 4, 5, 6])
})

test('an event of an unknown type is not a gap', async t => {
  const { peer, follow } = await start(t)
  const room = follow('a', { after: 0 })
  const socket = await peer.next()
  socket.send(welcome('a', 2, true), { ...message('a', 1), type: 'pinned' }, message('a', 2))
  await room.until(2)
  t.strictSame(room.seqs(), [1, 2])
})

test('a reset restarts the room at its seq and epoch', async t => {
  const { peer, follow, told } = await start(t)
  const room = follow('a', { after: 3, epoch: 'epoch-0' })
  const first = await peer.next()
  await expect(t, first, { type: 'subscribe', merge_reactions: true, room_id: 'a', after: 3, epoch: 'epoch-0' })
  first.send(welcome('a', 5000, false), message('a', 4), { type: 'reset', room_id: 'a', seq: 5000, epoch: EPOCH })
  await told.until(() => room.starts.length === 1)
  first.send(message('a', 5001))
  await room.until(5001)
  t.strictSame(room.starts, [[5000, EPOCH]])
  t.strictSame(room.seqs(), [5001], 'an event before the reset is dropped')
  first.terminate()
  await expect(t, await peer.next(), {
    type: 'subscribe',
    merge_reactions: true,
    room_id: 'a',
    after: 5001,
    epoch: EPOCH,
  })
})

test('a send whose ack was lost is retried with its client_id once the room is subscribed to again', async t => {
  const { peer, connection, follow } = await start(t)
  follow('a')
  const first = await peer.next()
  await first.next()
  const early = connection.send('a', 'early')
  t.equal(await first.waiting(), 0, 'not before the welcome')
  first.send(welcome('a', 1, false))
  await first.next()
  first.send(ack('a', early.client_id, 1))
  const sent = connection.send('a', 'hello', { reply_to: 1 })
  const frame = { type: 'send', room_id: 'a', client_id: sent.client_id, text: 'hello', reply_to: 1 }
  await expect(t, first, frame)
  first.terminate()

  const second = await peer.next()
  await expect(t, second, { type: 'subscribe', merge_reactions: true, room_id: 'a', after: 1, epoch: EPOCH })
  t.equal(await second.waiting(), 0, 'not before the welcome')
  second.send(welcome('a', 2, true), message('a', 2, { client_id: sent.client_id }))
  await expect(t, second, frame)
  second.send(ack('a', sent.client_id, 2))
  t.equal((await sent.ack).seq, 2)
  t.strictSame(connection.pending(), [])
})

test('sends, edits and deletions of a room go out one at a time, in order, over a reconnect', async t => {
  const { peer, connection, follow } = await start(t)
  follow('a')
  const requests = [connection.send('a', '1'), connection.edit('a', 7, '2'), connection.delete('a', 8)]
  const first = await peer.next()
  await first.next()
  first.send(welcome('a', 9, false))
  await expect(t, first, { type: 'send', room_id: 'a', client_id: requests[0]?.client_id, text: '1' })
  first.send(ack('a', requests[0]?.client_id as string, 10))
  await expect(t, first, { type: 'edit', room_id: 'a', client_id: requests[1]?.client_id, id: 7, text: '2' })
  t.equal(await first.waiting(), 0, 'the third waits for the second')
  first.close(1012, '{"retry_after_ms":1}')

  const second = await peer.next()
  await second.next()
  second.send(welcome('a', 10, true))
  await expect(t, second, { type: 'edit', room_id: 'a', client_id: requests[1]?.client_id, id: 7, text: '2' })
  second.send(ack('a', requests[1]?.client_id as string, 11))
  await expect(t, second, { type: 'delete', room_id: 'a', client_id: requests[2]?.client_id, id: 8 })
  second.send(ack('a', requests[2]?.client_id as string, 12))
  t.strictSame(
    (await Promise.all(requests.map(request => request.ack))).map(answer => answer.seq),
    [10, 11, 12],
  )
})

test('one’s own event has the same effect before and after the ack', async t => {
  const { peer, connection, follow } = await start(t)
  const room = follow('a')
  const socket = await peer.next()
  await socket.next()
  socket.send(welcome('a', 0, false))
  for (const [seq, event_first] of [
    [1, true],
    [2, false],
  ] as const) {
    const { client_id, ack: acked } = connection.send('a', 'hello')
    await socket.next()
    const frames = [message('a', seq, { client_id }), ack('a', client_id, seq)]
    socket.send(...(event_first ? frames : frames.reverse()))
    t.equal((await acked).seq, seq)
    await room.until(seq)
  }
  t.strictSame(room.seqs(), [1, 2])
})

test('an error rejects only its own request; a retryable one is retried after the delay that the server names', async t => {
  const settled: Pending[] = []
  const { peer, connection, follow } = await start(t, { on_settled: pending => void settled.push(pending) })
  follow('a')
  const socket = await peer.next()
  await socket.next()
  socket.send(welcome('a', 0, false))
  const refused = connection.edit('a', 3, 'mine?')
  await socket.next()
  const limited = connection.send('a', 'again and again')
  const error = { type: 'error', message: 'no', room_id: 'a' }
  socket.send({ ...error, code: 'NOT_AUTHOR', client_id: refused.client_id })
  await t.rejects(refused.ack, { code: 'NOT_AUTHOR', status: 0 })

  const frame = { type: 'send', room_id: 'a', client_id: limited.client_id, text: 'again and again' }
  await expect(t, socket, frame)
  const asked_at = performance.now()
  socket.send({ ...error, code: 'RATE_LIMITED', client_id: limited.client_id, retry_after_ms: 40 })
  await expect(t, socket, frame)
  t.ok(performance.now() - asked_at >= 39, 'not earlier')
  socket.send({ ...error, code: 'STORE_UNAVAILABLE', client_id: limited.client_id })
  await expect(t, socket, frame)
  socket.send(ack('a', limited.client_id, 1))
  t.equal((await limited.ack).seq, 1)
  t.strictSame(
    settled.map(pending => pending.client_id),
    [refused.client_id, limited.client_id],
  )
})

test('requests of a room wait while it is not subscribed to, and are refused when the subscription ends', async t => {
  const { peer, connection, follow, told } = await start(t)
  follow('a')
  const socket = await peer.next()
  await socket.next()
  socket.send(welcome('a', 0, false))
  const sent = connection.send('a', 'hello')
  await socket.next()
  connection.unsubscribe('a')
  await expect(t, socket, { type: 'unsubscribe', room_id: 'a' })
  t.equal(connection.pending().length, 1)
  const room = follow('a', { after: 0, epoch: EPOCH })
  await socket.next()
  socket.send(welcome('a', 0, true))
  await expect(t, socket, { type: 'send', room_id: 'a', client_id: sent.client_id, text: 'hello' })
  socket.send({ type: 'error', code: 'NOT_MEMBER', message: 'gone', room_id: 'a' })
  await t.rejects(sent.ack, { code: 'NOT_MEMBER' })
  await told.until(() => room.ended.length === 1)
  t.match(room.ended[0], { code: 'NOT_MEMBER' })
  t.equal(connection.state.name, 'open', 'the socket stays open')
  t.equal(connection.resumePoint('a'), null)
})

test('a subscribe that fails with a retryable error is retried', async t => {
  const { peer, follow } = await start(t)
  const room = follow('a', { after: 1 })
  const socket = await peer.next()
  await socket.next()
  socket.send({ type: 'error', code: 'STORE_UNAVAILABLE', message: 'wait', room_id: 'a' })
  await expect(t, socket, { type: 'subscribe', merge_reactions: true, room_id: 'a', after: 1 })
  socket.send(welcome('a', 2, true), message('a', 2))
  await room.until(2)
})

test('stored requests are sent before new ones, and are removed from the storage once acknowledged', async t => {
  const kept: Pending[] = [{ type: 'send', room_id: 'a', client_id: 'old', text: 'from before the reload' }]
  let loaded = () => {}
  const loading = new Promise<void>(resolve => {
    loaded = resolve
  })
  const { peer, connection, follow } = await start(t, {
    storage: {
      load: () => loading.then(() => kept.slice(0, 1)),
      put: pending => void kept.push(pending),
      remove: pending =>
        void kept.splice(
          kept.findIndex(one => one.client_id === pending.client_id),
          1,
        ),
    },
  })
  follow('a')
  const sent = connection.send('a', 'new')
  t.strictSame(
    kept.map(pending => pending.client_id),
    ['old', sent.client_id],
  )
  const socket = await peer.next()
  await socket.next()
  socket.send(welcome('a', 0, false))
  t.equal(await socket.waiting(), 0, 'new requests wait for the storage')
  loaded()
  await expect(t, socket, { type: 'send', room_id: 'a', client_id: 'old', text: 'from before the reload' })
  socket.send(ack('a', 'old', 1))
  await expect(t, socket, { type: 'send', room_id: 'a', client_id: sent.client_id, text: 'new' })
  connection.close()
  await t.rejects(sent.ack, { code: 'CLOSED' })
  t.strictSame(
    kept.map(pending => pending.client_id),
    [sent.client_id],
    'kept for the next time',
  )
})

test('requests beyond the bound are refused at once', async t => {
  const { connection } = await start(t, { pending_max: 2 })
  connection.send('a', '1')
  const twice = connection.send('a', '2')
  t.equal(
    connection.send('a', '2', { client_id: twice.client_id }).ack,
    twice.ack,
    'the same client_id is the same request',
  )
  await t.rejects(connection.send('a', '3').ack, { code: 'QUEUE_FULL' })
})

test('the delay that a restarting server names is honored', async t => {
  const { peer, states } = await start(t, { backoff: { base_ms: 1, cap_ms: 1 } })
  const socket = await peer.next()
  const closed_at = performance.now()
  socket.close(1012, JSON.stringify({ retry_after_ms: 60 }))
  await peer.next()
  t.ok(performance.now() - closed_at >= 59)
  t.strictSame(
    states.map(state => state.name),
    ['connecting', 'open', 'waiting', 'connecting'],
  )
})

for (const code of [1001, 1006, 1011, 4408, 4429]) {
  test(`after a close with ${code} the client comes back`, async t => {
    const { peer } = await start(t)
    const socket = await peer.next()
    if (code === 1006) socket.terminate()
    else socket.close(code)
    t.ok(await peer.next())
  })
}

for (const [code, next] of [
  [4400, 'stop'],
  [4401, 'login'],
  [4403, 'stop'],
  [4404, 'stop'],
] as const) {
  test(`after a close with ${code} the client waits for ${next === 'login' ? 'another token' : 'being told'}`, async t => {
    let token = 'old'
    const { peer, connection, states, told } = await start(t, { token: () => token })
    const socket = await peer.next()
    socket.close(code, 'why')
    await told.until(() => states.at(-1)?.name === 'closed')
    t.match(states.at(-1) as Closed, { name: 'closed', next, code, reason: 'why' })
    token = 'new'
    connection.connect()
    t.strictSame((await peer.next()).protocols, ['talkie.v1', 'bearer.new'])
  })
}

test('each attempt doubles the bound of the delay, up to the cap, until a frame has arrived', async t => {
  const pass = standStill(t)
  const { peer, delays, states, told } = await start(t, { backoff: { base_ms: 16, cap_ms: 64, random: () => 0.5 } })
  for (let i = 1; i <= 4; i++) {
    ;(await peer.next()).close(4429)
    await told.until(() => delays.length === i)
    pass(delays.at(-1) as number)
  }
  const greeted = await peer.next()
  greeted.send({ type: 'pong' })
  greeted.close(4408)
  await told.until(() => delays.length === 5)
  t.strictSame(delays, [8, 16, 32, 32, 8])
  t.equal(states.at(-1)?.name, 'waiting')
})

test('a silent socket that does not answer a ping is dropped', async t => {
  const pass = standStill(t)
  const { peer, follow, told, states } = await start(t, { backoff: { base_ms: 8, cap_ms: 8, random: () => 0.5 } })
  const room = follow('a')
  const first = await peer.next()
  await first.next()
  first.send(welcome('a', 0, false, { heartbeat_ms: 100 }))
  await told.until(() => room.starts.length === 1)
  pass(50)
  t.equal(await first.waiting(), 0, 'no ping before it was silent')
  pass(50)
  await expect(t, first, { type: 'ping' })
  first.send({ type: 'pong' }, message('a', 1))
  await room.until(1)
  pass(50)
  pass(50)
  await expect(t, first, { type: 'ping' }, 'asked again after the next silence')
  pass(50)
  t.equal(states.at(-1)?.name, 'open')
  pass(50)
  t.equal(states.at(-1)?.name, 'waiting')
  pass(4)
  const second = await peer.next()
  await expect(t, second, { type: 'subscribe', merge_reactions: true, room_id: 'a', after: 1, epoch: EPOCH })
})

test('check pings an open socket, and reconnects a waiting one at once', async t => {
  const pass = standStill(t)
  const { peer, connection, follow, states, told } = await start(t, { check_ms: 40 })
  const room = follow('a', { after: 0 })
  const first = await peer.next()
  await told.until(() => states.at(-1)?.name === 'open')
  await first.next()
  connection.check()
  await expect(t, first, { type: 'ping' })
  pass(40)
  t.equal(states.at(-1)?.name, 'waiting')
  connection.check()
  const second = await peer.next()
  await told.until(() => states.at(-1)?.name === 'open')
  await second.next()
  connection.check()
  await expect(t, second, { type: 'ping' })
  second.send({ type: 'pong' }, welcome('a', 1, true), message('a', 1))
  await room.until(1)
  pass(40)
  t.equal(states.at(-1)?.name, 'open', 'the socket that answered was not dropped')
})

test('if getting a token fails, the attempt failed; if it is rejected, a login is needed', async t => {
  let tries = 0
  const { peer, connection, states, told } = await start(t, {
    token: async () => {
      if (++tries === 1) throw new Error('offline')
      return 'good'
    },
  })
  t.strictSame((await peer.next()).protocols, ['talkie.v1', 'bearer.good'])
  connection.close()
  await told.until(() => states.at(-1)?.name === 'closed')
  t.match(states.at(-1) as Closed, { next: 'stop', code: 1000 })
})

test('the number of subscriptions per socket is bounded', async t => {
  const { connection } = await start(t)
  const listener = { start() {}, event() {} }
  for (let i = 0; i < 100; i++) connection.subscribe(`r${i}`, listener)
  t.throws(() => connection.subscribe('one-more', listener), { code: 'TOO_MANY_SUBSCRIPTIONS' })
  t.throws(() => connection.subscribe('r0', listener), { message: 'Room r0 is already subscribed to' })
})

test('reactions that were missed come as their final state, and move the position by all that they stand for', async t => {
  const { peer, connection, follow } = await start(t)
  const room = follow('a', { after: 1, epoch: EPOCH })
  const socket = await peer.next()
  await socket.next()
  socket.send(welcome('a', 7, true))
  const reactions = { type: 'reactions', room_id: 'a', messages: [] }
  socket.send({ ...reactions, after: 1, seq: 6 }, { ...reactions, after: 1, seq: 6 }, message('a', 7))
  await room.until(7)
  t.same(room.seqs(), [6, 7])
  socket.send({ ...reactions, after: 8, seq: 9 })
  await expect(t, socket, { type: 'unsubscribe', room_id: 'a' })
  t.same(connection.resumePoint('a'), { after: 7, epoch: EPOCH })
})
