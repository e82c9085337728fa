import type { AddressInfo } from 'node:net'
import { type Test, test } from 'tap'
import { WebSocket } from 'ws'
import { type ConnectionState, createConnection, createHttp, createRoomModel } from '../../../static/client/index.js'
import { build, PASSWORD, temporaryFolder } from '../../support/application.js'

/** The whole application on a given or a free port. */
async function serve(t: Test, DATA_DIR: string, port = 0) {
  const fastify = await build(t, { DATA_DIR })
  await fastify.listen({ host: '127.0.0.1', port })
  return { fastify, port: (fastify.server.address() as AddressInfo).port }
}

async function enter(t: Test, port: number, username: string, on_state?: (state: ConnectionState) => void) {
  const base_url = `http://127.0.0.1:${port}`
  const { token } = await createHttp({ base_url }).register({ username, password: PASSWORD })
  const http = createHttp({ base_url, token: () => token })
  const connection = createConnection({
    base_url,
    WebSocket,
    token: () => token,
    backoff: { base_ms: 20, cap_ms: 100 },
    ...(on_state && { on_state }),
  })
  t.after(() => connection.close())
  const model = createRoomModel()
  const seqs: number[] = []
  connection.subscribe(
    'default',
    {
      start: seq => model.start(seq),
      event(event) {
        seqs.push(event.seq)
        model.event(event)
      },
    },
    { after: 0 },
  )
  return { http, connection, model, seqs }
}

test('over server restarts every send arrives once and in order, live and in history', async t => {
  const folder = temporaryFolder(t)
  let { fastify, port } = await serve(t, folder)
  const minji = await enter(t, port, 'minji')
  const jun = await enter(t, port, 'jun')
  const sent = []
  for (let i = 0; i < 120; i++) {
    const { ack } = minji.connection.send('default', `line ${i}`)
    sent.push(ack)
    if (i % 3 === 0) ack.then(({ seq }) => minji.connection.edit('default', seq, `line ${i}, mended`))
    if (i % 40 !== 20) continue
    await sent[i - 10]
    await fastify.close()
    fastify = (await serve(t, folder, port)).fastify
  }
  const acks = await Promise.all(sent)
  t.strictSame(
    acks.map(ack => ack.seq),
    acks.map(ack => ack.seq).sort((a, b) => a - b),
    'what was sent first is first',
  )
  // The last edits are still in flight: one more request of the same room comes after all of them.
  const { seq } = await minji.connection.send('default', 'the end').ack
  for (const { model, seqs, http } of [minji, jun]) {
    while (model.head < seq) await new Promise(setImmediate)
    t.strictSame(
      seqs,
      Array.from({ length: seq }, (_, i) => i + 1),
    )
    const pages = [await http.messages('default', { limit: 100 })]
    while (pages[0]?.has_more) {
      pages.unshift(await http.messages('default', { limit: 100, before: pages[0].messages[0]?.id as number }))
    }
    const history = pages.flatMap(page => page.messages)
    t.strictSame(model.messages, history)
    t.strictSame(
      history.map(({ text }) => text),
      [...Array.from({ length: 120 }, (_, i) => (i % 3 === 0 ? `line ${i}, mended` : `line ${i}`)), 'the end'],
    )
  }
})

test('a logout closes the socket for good; a subscription that ends leaves the others alone', async t => {
  const { port } = await serve(t, temporaryFolder(t))
  const states: ConnectionState[] = []
  let told = () => {}
  const closed = new Promise<void>(resolve => {
    told = resolve
  })
  const minji = await enter(t, port, 'minji', state => {
    states.push(state)
    if (state.name === 'closed') told()
  })
  const jun = await enter(t, port, 'jun')
  const room = await jun.http.createRoom({ name: 'Lunch' })
  await minji.http.join(room.id)
  const ended = new Promise<string>(resolve => {
    minji.connection.subscribe(
      room.id,
      { start() {}, event() {}, ended: error => resolve(error.code) },
      { after: room.last_seq },
    )
  })
  await minji.connection.send(room.id, 'here').ack
  await jun.http.removeMember(room.id, 'minji')
  t.equal(await ended, 'NOT_MEMBER')
  await minji.connection.send('default', 'still here').ack
  await minji.http.logout()
  await closed
  t.match(states.at(-1) as ConnectionState, { name: 'closed', next: 'login', code: 4401 })
})
