import { test } from 'tap'
import { WebSocket } from 'ws'
import { readHistory } from '../../bench/replay/history.js'
import { startServer } from '../../bench/replay/server.js'
import { createConnection, createHttp, type SocketConstructor } from '../../static/client/index.js'
import { eventually } from '../support/eventually.js'
import { repeat } from '../support/repeat.js'

const SENDERS = 50
const KILLS = repeat(20, 2)
/** Acknowledgements between two kills. */
const BETWEEN = 200

test('SIGKILLs during a burst of 50 senders: every acknowledged message is stored once, and no seq is missing', async t => {
  const server = await startServer()
  const { base_url } = server
  const acked = new Map<string, number>()
  const told: string[] = []
  let ending = false

  const tokens = await Promise.all(
    Array.from({ length: SENDERS }, async (_, n) => {
      const { token } = await createHttp({ base_url }).register({ username: `sender-${n}`, password: 'correct horse' })
      return token
    }),
  )
  const connections = tokens.map(token =>
    createConnection({
      base_url,
      WebSocket: WebSocket as unknown as SocketConstructor,
      token: () => token,
      backoff: { base_ms: 20, cap_ms: 200 },
    }),
  )
  t.teardown(async () => {
    for (const connection of connections) connection.close()
    await server.stop()
  })
  connections[0]?.subscribe('default', {
    start() {},
    event(event) {
      if (event.type === 'message') told.push(event.client_id)
    },
  })

  const bursts = connections.map(async (connection, n) => {
    for (let i = 0; !ending; i++) {
      const { client_id, ack } = connection.send('default', `${n}:${i}`)
      const { seq } = await ack
      acked.set(client_id, seq)
    }
  })
  for (let kill = 0; kill < KILLS; kill++) {
    const until = acked.size + BETWEEN
    // A client that received nothing between many kills would be reset instead of resumed.
    await eventually(() => acked.size >= until && told.length >= until)
    await server.killAndRestart()
  }
  ending = true
  await Promise.all(bursts)

  const http = createHttp({ base_url, token: () => tokens[0] })
  const history = await readHistory(http, 'default')
  const seqs = new Map(history.map(({ client_id, id }) => [client_id, id]))
  t.equal(seqs.size, history.length, 'none is duplicated')
  t.same(
    [...acked].filter(([client_id, seq]) => seqs.get(client_id) !== seq),
    [],
    'each has the seq of its ack',
  )
  t.same(
    history.map(({ id }) => id),
    history.map((_, index) => index + 2),
    'no seq is missing',
  )
  t.ok(acked.size >= KILLS * BETWEEN)
  await eventually(() => told.length >= history.length)
  t.same(
    told,
    history.map(({ client_id }) => client_id),
    'the subscribed client received each once, in order',
  )
  t.comment(`${history.length} messages, ${acked.size} acknowledged, ${KILLS} kills`)
})
