import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import root, { test } from 'tap'
import { WebSocket } from 'ws'
import { newUser } from '../../plugins/auth/accounts.js'
import type { Reaction } from '../../schemas/reaction.js'
import { limits } from '../../schemas/wire.js'
import {
  createConnection,
  createHttp,
  createRoomModel,
  type ResumePoint,
  type SocketConstructor,
} from '../../static/client/index.js'
import { register } from '../support/application.js'
import { eventually } from '../support/eventually.js'
import { repeat } from '../support/repeat.js'
import { type Cluster, fileDatabase, clusterMissing as skip, startServers } from '../support/servers.js'

const database = await fileDatabase(root)

type App = Cluster['apps'][number]
const RUNS = repeat(15, 4)
const noLimits = { BUDGET_ADDRESS_MS: '0', BUDGET_ACCOUNT_MS: '0' }

const react = (app: App, username: string, id: number, emoji: string, on: boolean) =>
  app.reactions.react('default', username, id, { client_id: randomUUID(), emoji, on })
const send = async (app: App, username: string) =>
  (await app.messages.send('default', username, { client_id: randomUUID(), text: 'hello' })).event.seq

/** F1, F2. */
test('50 equal reactions on two servers are one event, and so are 50 that take it back', { skip }, async t => {
  const [here, there] = (await startServers(t, database, 2, noLimits)).apps as [App, App]
  for (const name of ['minji', 'seojun']) await here.store.createUser(newUser(name, ''))
  const id = await send(here, 'minji')
  await react(there, 'seojun', id, '👍', true)
  const before = await here.store.readHead('default')
  for (const on of [true, false]) {
    const all = Array.from({ length: 50 }, (_, n) => react(n % 2 ? here : there, 'minji', id, '👍', on))
    t.equal((await Promise.all(all)).filter(event => event !== null).length, 1)
  }
  t.equal(await there.store.readHead('default'), before + 2)
  for (const app of [here, there]) {
    const [found] = await app.store.readReactions('default', [id], [])
    t.strictSame(found?.reactions, [{ emoji: '👍', count: 1, usernames: ['seojun'] }])
  }
})

/** F7. */
test('40 users race on two servers for the last place of an emoji: one gets it', { skip }, async t => {
  const [here, there] = (await startServers(t, database, 2, noLimits)).apps as [App, App]
  const names = Array.from({ length: 41 }, (_, n) => `user-${n}`)
  for (const name of names) await here.store.createUser(newUser(name, ''))
  const id = await send(here, 'user-0')
  const kinds = Array.from({ length: limits.REACTIONS_MAX - 1 }, (_, n) => String.fromCodePoint(0x1f600 + n))
  for (const emoji of kinds) await react(here, 'user-0', id, emoji, true)
  const codes = await Promise.all(
    names.slice(1).map((name, n) =>
      react(n % 2 ? here : there, name, id, String.fromCodePoint(0x1f400 + n), true).then(
        () => 'done',
        (error: { code?: string }) => error.code,
      ),
    ),
  )
  t.equal(codes.filter(code => code === 'done').length, 1)
  t.ok(codes.every(code => code === 'done' || code === 'TOO_MANY_REACTIONS'))
  t.equal((await there.store.readReactions('default', [id], []))[0]?.reactions.length, limits.REACTIONS_MAX)
})

const counts = (reactions: readonly Reaction[] = []) =>
  Object.fromEntries(reactions.map(({ emoji, count, mine = false }) => [emoji, { count, mine }]))

const action = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      does: fc.constant('react' as const),
      who: fc.nat(2),
      message: fc.nat(1),
      emoji: fc.constantFrom('👍', '❤️', '🎉'),
      on: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ does: fc.constantFrom('lose' as const, 'pause' as const), who: fc.nat(2) }) },
)

test(`${RUNS} interleavings on three devices and two servers: reactions equal a recount, and never flicker back`, {
  skip,
}, async t => {
  const { apps, origins } = await startServers(t, database, 2, noLimits)
  const names = ['minji', 'seojun', 'jiwoo'] as const
  const accounts: Awaited<ReturnType<typeof register>>[] = []
  for (const name of names) accounts.push(await register(apps[0] as App, name))
  /** One device of the first user, and one of each other; they are on both servers. */
  const devices = accounts.map((account, n) => {
    const sockets: WebSocket[] = []
    class Losable extends WebSocket {
      constructor(url: string, protocols: string[]) {
        super(url, protocols)
        sockets.push(this)
      }
    }
    const base_url = origins[n % 2] as string
    const connection = createConnection({
      base_url,
      WebSocket: Losable as unknown as SocketConstructor,
      token: () => account.token,
      backoff: { base_ms: 1, cap_ms: 5 },
    })
    t.teardown(() => connection.close())
    return { connection, sockets, http: createHttp({ base_url, token: () => account.token }), name: account.username }
  })

  await fc.assert(
    fc.asyncProperty(fc.array(action, { minLength: 15, maxLength: 40 }), async actions => {
      const { id: room_id } = await (apps[0] as App).rooms.create('minji', { name: randomUUID() })
      for (const name of names.slice(1)) await (apps[0] as App).rooms.join(room_id, name, undefined)
      const ids = await Promise.all(
        ['one', 'two'].map(async text => {
          const body = { client_id: randomUUID(), text }
          return (await (apps[0] as App).messages.send(room_id, 'minji', body)).event.seq
        }),
      )
      const after = await (apps[0] as App).store.readHead(room_id)
      const views = await Promise.all(
        devices.map(async ({ connection, http, name }) => {
          const model = createRoomModel(name)
          const page = await http.messages(room_id, {})
          model.start(page.seq)
          model.page(page, {})
          const from: ResumePoint = { after: page.seq, epoch: (apps[0] as App).store.epoch }
          let isOrdered = true
          const event = (one: Parameters<typeof model.event>[0]) => {
            const seqs = ids.map(id => model.get(id)?.reactions_seq ?? 0)
            model.event(one)
            const now = ids.map(id => model.get(id)?.reactions_seq ?? 0)
            isOrdered &&= now.every((seq, at) => seq >= (seqs[at] ?? 0))
            for (const id of ids) isOrdered &&= (model.get(id)?.reactions ?? []).every(({ count }) => count > 0)
          }
          connection.subscribe(room_id, { start: seq => model.start(seq), event }, from)
          return { model, ordered: () => isOrdered, http, name }
        }),
      )
      const doing: Promise<unknown>[] = []
      for (const one of actions) {
        const device = devices[one.who] as (typeof devices)[number]
        if (one.does === 'react') {
          const { emoji, on } = one
          doing.push(device.http.react(room_id, ids[one.message] as number, { emoji, on }).catch(() => {}))
        } else if (one.does === 'lose') device.sockets.at(-1)?.terminate()
        else await new Promise(resolve => setImmediate(resolve))
      }
      await Promise.all(doing)
      const log = await (apps[1] as App).store.readEvents(room_id, { after, limit: 500 })
      const head = log.at(-1)?.seq ?? after
      const users = new Map(ids.map(id => [id, new Map<string, Set<string>>()]))
      for (const { username, data } of log) {
        const kinds = users.get(data?.message_id ?? 0) as Map<string, Set<string>>
        const of_kind = kinds.get(data?.emoji ?? '') ?? new Set()
        kinds.set(data?.emoji ?? '', of_kind)
        if (data?.on) of_kind.add(username)
        else of_kind.delete(username)
      }
      for (const { model, ordered, http, name } of views) {
        await eventually(() => model.head >= head)
        const history = await http.messages(room_id, {})
        for (const id of ids) {
          const expected = Object.fromEntries(
            [...(users.get(id) ?? [])]
              .filter(([, of_kind]) => of_kind.size > 0)
              .map(([emoji, of_kind]) => [emoji, { count: of_kind.size, mine: of_kind.has(name) }]),
          )
          t.same(counts(model.get(id)?.reactions), expected)
          t.same(counts(history.messages.find(message => message.id === id)?.reactions), expected)
        }
        t.ok(ordered())
      }
      for (const { connection } of devices) connection.unsubscribe(room_id)
      return t.passing()
    }),
    // Each run takes seconds on the database of the tests, so a failure is not made smaller.
    { numRuns: RUNS, endOnFailure: true },
  )
})
