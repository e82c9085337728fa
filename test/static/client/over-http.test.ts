import { once } from 'node:events'
import { createServer, request } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { type Test, test } from 'tap'
import { WebSocket } from 'ws'
import type { EventFrame } from '../../../schemas/frame.js'
import { type ConnectionState, createConnection, createHttp } from '../../../static/client/index.js'
import { build, register } from '../../support/application.js'
import { eventually } from '../../support/eventually.js'

/** A server behind a proxy that drops `Upgrade`, and a client of it in the default room. */
async function start(t: Test) {
  const app = await build(t)
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  const minji = await register(app, 'minji')
  const sora = await register(app, 'sora')
  const proxy = await startProxy(t, port)
  const states: ConnectionState['name'][] = []
  /** The seq of each event, and each start. */
  const seen: (number | string)[] = []
  const events: EventFrame[] = []
  const connection = createConnection({
    base_url: proxy.url,
    WebSocket,
    token: () => minji.token,
    http: createHttp({ base_url: proxy.url, token: () => minji.token }),
    backoff: { base_ms: 4, cap_ms: 200 },
    on_state: ({ name }) => states.push(name),
  })
  t.after(() => connection.close())
  const listener = {
    start: (seq: number) => void seen.push(`start at ${seq}`),
    event(event: EventFrame) {
      seen.push(event.seq)
      events.push(event)
    },
  }
  const mine = createHttp({ base_url: `http://127.0.0.1:${port}`, token: () => minji.token })
  const others = createHttp({ base_url: `http://127.0.0.1:${port}`, token: () => sora.token })
  return { app, proxy, connection, states, seen, events, listener, mine, others }
}

async function startProxy(t: Test, port: number) {
  const proxy = { url: '', drops_upgrade: true, has_server: true, requests: 0 }
  const server = createServer((incoming, response) => {
    proxy.requests++
    if (!proxy.has_server) return response.writeHead(502).end('<html>Bad Gateway</html>')
    const { method, url, headers } = incoming
    const passed = request({ host: '127.0.0.1', port, method, path: url, headers }, answer => {
      response.writeHead(answer.statusCode as number, answer.headers)
      answer.pipe(response)
    })
    passed.on('error', () => response.destroy())
    incoming.pipe(passed)
  })
  server.on('upgrade', ({ method, url, rawHeaders }, socket) => {
    socket.on('error', () => {})
    if (proxy.drops_upgrade) return socket.end('HTTP/1.1 426 Upgrade Required\r\nconnection: close\r\n\r\n')
    const headers = rawHeaders.map((part, i) => (i % 2 === 0 ? `${part}: ` : `${part}\r\n`)).join('')
    const passed = connect(port, '127.0.0.1')
    passed.on('error', () => socket.destroy())
    passed.write(`${method} ${url} HTTP/1.1\r\n${headers}\r\n`)
    return passed.pipe(socket).pipe(passed)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  proxy.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return proxy
}

test('behind a proxy that drops Upgrade, messages are sent and received over HTTP', async t => {
  const { connection, states, seen, events, listener, mine, others } = await start(t)
  const { seq } = await mine.messages('default')
  connection.subscribe('default', listener, { after: seq })
  await eventually(() => connection.state.name === 'over_http')
  t.ok(states.filter(name => name === 'connecting').length >= 3, 'after three attempts')
  t.equal(states.at(-1), 'over_http')

  const ack = await connection.send('default', 'mine').ack
  t.equal(ack.seq, seq + 1)
  await others.send('default', { text: 'theirs' })
  await eventually(() => events.length === 2)
  t.match(events, [
    { type: 'message', seq: seq + 1, id: seq + 1, text: 'mine', username: 'minji' },
    { type: 'message', seq: seq + 2, id: seq + 2, text: 'theirs', username: 'sora' },
  ])
  t.strictSame(connection.pending(), [])

  await connection.edit('default', seq + 1, 'my words').ack
  await eventually(() => seen.length === 3)
  t.equal(seen.at(-1), `start at ${seq + 3}`, 'after any other event the room starts anew')
  await connection.delete('default', seq + 1).ack
  await eventually(() => seen.length === 4)
  t.equal(seen.at(-1), `start at ${seq + 4}`)
  t.match((await mine.messages('default')).messages, [{ text: '' }, { text: 'theirs' }])
  t.equal(states.at(-1), 'over_http', 'attempts to open a socket are not told meanwhile')

  connection.read('default', seq + 2)
  await eventually(async () => (await mine.defaultRoom()).last_read_seq === seq + 2)
  await t.rejects(connection.send('default', '\u200b').ack, { code: 'BAD_REQUEST' }, 'what is refused is told')
})

test('a room that was never read begins, and one of another user is not told', async t => {
  const { connection, seen, listener, mine, others } = await start(t)
  const room = await others.createRoom({ name: 'theirs' })
  const { seq } = await mine.messages('default')
  connection.subscribe('default', listener)
  connection.subscribe(room.id, { ...listener, start: () => t.fail('not a member') })
  await eventually(() => seen.length > 0)
  t.strictSame(seen, [`start at ${seq}`])
})

test('once a socket opens, it goes on where HTTP ended', async t => {
  const { connection, proxy, states, seen, listener, mine, others } = await start(t)
  const { seq } = await mine.messages('default')
  connection.subscribe('default', listener, { after: seq })
  await eventually(() => connection.state.name === 'over_http')
  await connection.send('default', 'one').ack
  await eventually(() => seen.length === 1)
  proxy.drops_upgrade = false
  await eventually(() => connection.state.name === 'open')
  const { requests } = proxy
  await others.send('default', { text: 'two' })
  const ack = await connection.send('default', 'three').ack
  t.equal(ack.seq, seq + 3)
  await eventually(() => seen.length === 3)
  t.strictSame(seen, [seq + 1, seq + 2, seq + 3])
  t.strictSame(states.slice(states.indexOf('over_http')), ['over_http', 'open'])
  t.equal(proxy.requests, requests, 'nothing is polled any more')
})

test('a server that does not answer over HTTP either is not taken for a proxy’s fault', async t => {
  const { connection, proxy, states, listener } = await start(t)
  proxy.has_server = false
  connection.subscribe('default', listener)
  await eventually(() => proxy.requests >= 3)
  t.notOk(states.includes('over_http'))
  proxy.has_server = true
  await eventually(() => connection.state.name === 'over_http')
  proxy.has_server = false
  const { ack } = connection.send('default', 'meanwhile')
  await eventually(() => connection.state.name !== 'over_http')
  proxy.has_server = true
  t.ok((await ack).seq > 0, 'a message is sent again until it is acknowledged')
})

test('an ended session is told as over a socket', async t => {
  const { connection, states, listener, mine } = await start(t)
  connection.subscribe('default', listener)
  await eventually(() => connection.state.name === 'over_http')
  await mine.logout()
  connection.check()
  await eventually(() => connection.state.name === 'closed')
  t.match(connection.state, { name: 'closed', next: 'login', code: 4401 })
  t.equal(states.at(-1), 'closed')
})
