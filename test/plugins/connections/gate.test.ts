import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type http from 'node:http'
import https from 'node:https'
import { type AddressInfo, connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Test, test } from 'tap'
import { Budget } from '../../../plugins/budgets/index.js'
import { gatedServers } from '../../../plugins/connections/server.js'
import { makeCertificate, opensslMissing } from '../../support/certificate.js'

const REQUEST = 'GET / HTTP/1.1\r\nhost: x\r\n\r\n'

/** A server behind a gate. Its answers are given by the test. */
async function gated(t: Test, answer: http.RequestListener) {
  const parsed: number[] = []
  let turn = 0
  const server = gatedServers()(answer, {}) as http.Server
  server.prependListener('request', () => {
    parsed[turn] = (parsed[turn] ?? 0) + 1
  })
  const { gate } = server
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  let counting = true
  const count = () => {
    turn++
    if (counting) setImmediate(count)
  }
  count()
  t.teardown(() => {
    counting = false
    server.closeAllConnections()
    server.close()
  })
  const open = () => {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
    socket.on('error', () => {})
    let text = ''
    socket.on('data', data => {
      text += data
    })
    t.teardown(() => socket.destroy())
    return { socket, text: () => text, closed: once(socket, 'close') }
  }
  return { gate, open, perTurn: () => Math.max(0, ...Object.values(parsed)) }
}

test('requests of one connection are answered one after another, in order', async t => {
  let running = 0
  let most = 0
  const { open } = await gated(t, async (request, response) => {
    most = Math.max(most, ++running)
    await sleep(Math.random() * 5)
    running--
    response.end(request.url)
  })
  const { socket, text } = open()
  socket.write([1, 2, 3, 4, 5, 6].map(i => REQUEST.replace('/', `/${i}`)).join(''))
  while (!text().includes('/6')) await sleep(5)
  t.equal(most, 1)
  t.strictSame(text().match(/\/\d(?!\.)/g), ['/1', '/2', '/3', '/4', '/5', '/6'])
})

test('a connection with more than eight waiting requests is destroyed, and few of them are parsed in one turn', async t => {
  let answered = 0
  const { open, perTurn } = await gated(t, (_request, response) => {
    answered++
    setTimeout(() => response.end(), 50)
  })
  const flood = open()
  flood.socket.write(REQUEST.repeat(2400))
  await flood.closed
  t.ok(answered <= 1, `${answered} were handled`)
  t.ok(perTurn() < 170, `${perTurn()} requests parsed in one turn`)
})

test('an answer that the client does not read holds back the next request', async t => {
  const big = Buffer.alloc(16 * 1024 * 1024)
  let handled = 0
  const { open } = await gated(t, (_request, response) => {
    handled++
    response.end(big)
  })
  const { socket } = open()
  socket.pause()
  socket.write(REQUEST.repeat(4))
  await sleep(300)
  t.equal(handled, 1)
  socket.resume()
  while (handled < 4) await sleep(5)
  t.pass('and it goes on when the client reads')
})

test('bytes that arrive in slices are the bytes that were sent', async t => {
  const { open } = await gated(t, (request, response) => {
    const parts: Buffer[] = []
    request.on('data', part => parts.push(part))
    request.on('end', () => response.end(`sum ${Buffer.concat(parts).reduce((sum, byte) => sum + byte, 0)}.`))
  })
  const { socket, text } = open()
  const body = Buffer.from(Array.from({ length: 300_000 }, (_, i) => i % 251))
  socket.write(`POST / HTTP/1.1\r\nhost: x\r\ncontent-length: ${body.length}\r\n\r\n`)
  socket.write(body)
  while (!/sum \d+\./.test(text())) await sleep(5)
  t.match(text(), `sum ${body.reduce((sum, byte) => sum + byte, 0)}.`)
})

test('a client that ends its side after sending still gets its answers', async t => {
  const { open } = await gated(t, (request, response) => {
    request.resume()
    request.on('end', () => response.end('done'))
  })
  const { socket, text } = open()
  socket.end(`POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 20000\r\n\r\n${'x'.repeat(20_000)}`)
  while (!text().includes('done')) await sleep(5)
  t.pass()
})

test('connections beyond what their address may use at once are served later, and all of them', async t => {
  const { gate, open } = await gated(t, (request, response) => response.end(`done ${request.url}`))
  const budget = new Budget({ ms_per_second: 100, reserve_ms: 3000 })
  gate.payer = () => budget
  budget.charge(30_000)
  const began = performance.now()
  const clients = Array.from({ length: 5 }, () => open())
  for (const { socket } of clients) socket.write(REQUEST)
  for (const { text } of clients) while (!text().includes('done')) await sleep(5)
  t.ok(performance.now() - began > 80, 'they waited')
})

test('connections of an address that is out of budget are closed at once', async t => {
  const { gate, open } = await gated(t, (_request, response) => response.end('done'))
  const budget = new Budget({ ms_per_second: 100, reserve_ms: 3000 })
  gate.payer = () => budget
  budget.charge(3_100_000)
  const { socket, text, closed } = open()
  socket.write(REQUEST)
  await closed
  t.equal(text(), '')
})

test('a TLS connection that had to wait loses nothing of what its client sent', { skip: opensslMissing }, async t => {
  const files = makeCertificate(t)
  const [cert, key] = [files.TLS_CERT_FILE, files.TLS_KEY_FILE].map(file => readFileSync(file))
  const listener: http.RequestListener = (request, response) => {
    request.resume().on('end', () => response.end('done'))
  }
  const server = gatedServers()(listener, { https: { cert, key } } as never) as http.Server
  const budget = new Budget({ ms_per_second: 100, reserve_ms: 3000 })
  server.gate.payer = () => budget
  budget.charge(30_000)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  const body = 'x'.repeat(30_000)
  const answers = Array.from({ length: 5 }, async () => {
    const asked = https.request({ port, host: '127.0.0.1', rejectUnauthorized: false, method: 'POST', agent: false })
    asked.end(body)
    const [answer] = (await once(asked, 'response')) as [http.IncomingMessage]
    answer.resume()
    return answer.statusCode
  })
  t.strictSame(await Promise.all(answers), Array(5).fill(200))
})
