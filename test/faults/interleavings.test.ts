import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { test } from 'tap'
import { WebSocket } from 'ws'
import {
  type Connection,
  createConnection,
  createHttp,
  createRoomModel,
  type Http,
  type ResumePoint,
  type SocketConstructor,
} from '../../static/client/index.js'
import { build, register } from '../support/application.js'
import { repeat } from '../support/repeat.js'
import { listen } from '../support/socket.js'

const RUNS = repeat(1000, 100)
const TALKERS = ['seojun', 'jiwoo', 'haeun']

/** One action; a refused one is fine, too. */
const action = fc.oneof(
  { weight: 5, arbitrary: fc.record({ does: fc.constant('send' as const), who: fc.nat(2), reply: fc.boolean() }) },
  {
    weight: 3,
    arbitrary: fc.record({ does: fc.constant('edit' as const), who: fc.nat(2), id: fc.integer({ min: 2, max: 15 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ does: fc.constant('delete' as const), who: fc.nat(2), id: fc.integer({ min: 2, max: 15 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      does: fc.constantFrom('join' as const, 'leave' as const, 'remove' as const),
      who: fc.nat(2),
    }),
  },
  { weight: 2, arbitrary: fc.record({ does: fc.constantFrom('lose' as const, 'pause' as const) }) },
)

type Action = typeof action extends fc.Arbitrary<infer A> ? A : never

test(`${RUNS} random interleavings: live, resumed and history views end up identical`, async t => {
  const app = await build(t, { BUDGET_ACCOUNT_MS: '0', BUDGET_ADDRESS_MS: '0' })
  const base_url = await listen(app)
  const owner = await register(app, 'owner')
  const accounts = [owner, ...(await Promise.all(['resuming', ...TALKERS].map(name => register(app, name))))]
  const sockets: WebSocket[] = []

  /** Sockets that the test can terminate. */
  class Losable extends WebSocket {
    constructor(url: string, protocols: string[]) {
      super(url, protocols)
      sockets.push(this)
    }
  }
  const connectionOf = (index: number, losable = false) =>
    createConnection({
      base_url,
      WebSocket: (losable ? Losable : WebSocket) as unknown as SocketConstructor,
      token: () => accounts[index]?.token as string,
      backoff: { base_ms: 1, cap_ms: 5 },
      in_flight_max: 8,
    })
  const watching = connectionOf(0)
  const resuming = connectionOf(1, true)
  const talking = [2, 3, 4].map(index => connectionOf(index))
  const http = createHttp({ base_url, token: () => owner.token })
  t.teardown(() => {
    for (const connection of [watching, resuming, ...talking]) connection.close()
  })

  async function interleaving(actions: Action[], run: number) {
    const { id: room_id } = await app.rooms.create('owner', { name: `run ${run}` })
    for (const name of ['resuming', ...TALKERS]) await app.rooms.join(room_id, name, undefined)
    const was = follow(watching, room_id, http, { after: 0, epoch: app.store.epoch })
    const came = follow(resuming, room_id, http)
    const doing: Promise<unknown>[] = []
    // Handled at once, because one may be refused while the others are still being started.
    const begin = (one: Promise<unknown>) => doing.push(one.catch(() => {}))
    let sent = 0
    for (const one of actions) {
      const who = 'who' in one ? (TALKERS[one.who] as string) : ''
      const connection = talking['who' in one ? one.who : 0] as (typeof talking)[number]
      switch (one.does) {
        case 'send':
          sent++
          begin(connection.send(room_id, `m${sent}`, one.reply ? { reply_to: sent + 3 } : {}).ack)
          break
        case 'edit':
          begin(connection.edit(room_id, one.id + 4, `edited ${doing.length}`).ack)
          break
        case 'delete':
          begin(connection.delete(room_id, one.id + 4).ack)
          break
        case 'join':
          begin(app.rooms.join(room_id, who, undefined))
          break
        case 'leave':
          begin(app.rooms.leave(room_id, who))
          break
        case 'remove':
          begin(app.rooms.removeMember(room_id, 'owner', who))
          break
        case 'lose':
          sockets.at(-1)?.terminate()
          break
        case 'pause':
          await new Promise(resolve => setImmediate(resolve))
      }
    }
    await Promise.all(doing)
    const head = await app.store.readHead(room_id)
    for (const one of [was, came]) await one.reaches(head)
    const history = await read(room_id, http)
    const same = [was, came].every(({ model }) => isDeepStrictEqual(model.messages, history))
    const inOrder = [was, came].every(({ seqs }) =>
      seqs.every((seq, index) => index === 0 || seq === (seqs[index - 1] ?? 0) + 1),
    )
    watching.unsubscribe(room_id)
    resuming.unsubscribe(room_id)
    return same && inOrder
  }

  let run = 0
  await fc.assert(
    fc.asyncProperty(fc.array(action, { minLength: 1, maxLength: 25 }), actions => interleaving(actions, run++)),
    { numRuns: RUNS, endOnFailure: true },
  )
  t.ok(run >= RUNS)
  t.comment(`${sockets.length} sockets of the resuming client`)
})

function follow(connection: Connection, room_id: string, http: Http, from?: ResumePoint) {
  const model = createRoomModel()
  const seqs: number[] = []
  let loaded: Promise<unknown> = Promise.resolve()
  connection.subscribe(
    room_id,
    {
      start(seq) {
        seqs.length = 0
        model.start(seq)
        const page = http.messages(room_id, { limit: 100 }).then(page => model.page(page, { limit: 100 }))
        loaded = Promise.all([loaded, page])
      },
      event(event) {
        seqs.push(event.seq)
        model.event(event)
      },
    },
    from,
  )
  /** Resolves when all events up to `head` and the requested history have arrived. */
  async function reaches(head: number) {
    while (model.head < head) await new Promise(resolve => setTimeout(resolve, 1))
    await loaded
  }
  return { model, seqs, reaches }
}

async function read(room_id: string, http: Http) {
  const model = createRoomModel()
  const page = await http.messages(room_id, { limit: 7 })
  model.start(page.seq)
  model.page(page, { limit: 7 })
  while (model.has_older) {
    const query = { before: model.messages[0]?.id ?? 1, limit: 7 }
    model.page(await http.messages(room_id, query), query)
  }
  return model.messages
}
