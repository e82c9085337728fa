import { once } from 'node:events'
import type http from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Test, test } from 'tap'
import { gatedServers } from '../../../plugins/connections/server.js'
import { build } from '../../support/application.js'

const KIBIBYTE = 1024

/** A server that refuses every request while its body is still to come, and a client of it that does not read yet. */
async function refusing(t: Test) {
  const server = gatedServers()((_request: http.IncomingMessage, response: http.ServerResponse) => {
    response.writeHead(413, { connection: 'close' }).end('too large')
  }, {}) as http.Server
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const connected = once(server, 'connection')
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
  t.teardown(() => {
    client.destroy()
    server.closeAllConnections()
    server.close()
  })
  const [ours] = await connected
  return { client, ours }
}

const post = (bytes: number) => `POST / HTTP/1.1\r\nhost: x\r\ncontent-length: ${bytes}\r\n\r\n`

test('a client that is still sending reads the answer before its connection ends', async t => {
  const { client, ours } = await refusing(t)
  client.write(post(400 * KIBIBYTE))
  for (let i = 0; i < 4; i++) {
    client.write(Buffer.alloc(100 * KIBIBYTE))
    await sleep(20)
  }
  let text = ''
  client.on('data', data => {
    text += data
  })
  await once(client, 'end')
  t.match(text, /^HTTP\/1.1 413 [\s\S]*too large/)
  client.end()
  if (!ours.destroyed) await once(ours, 'close')
})

test('a client that goes on and on is cut off', async t => {
  const { client, ours } = await refusing(t)
  client.on('error', () => {})
  client.write(post(1e9))
  const piece = Buffer.alloc(64 * KIBIBYTE)
  const send = () => {
    while (client.write(piece));
  }
  client.on('drain', send)
  send()
  if (!ours.destroyed) await once(ours, 'close')
  t.ok(ours.bytesRead < 3 * KIBIBYTE * KIBIBYTE, `${ours.bytesRead} bytes were read`)
})

test('a client that does not end is cut off', async t => {
  const { client, ours } = await refusing(t)
  client.write(post(10))
  await once(ours, 'close')
  client.resume()
  await once(client, 'close')
  t.pass('within the time that a client may linger')
})

test('the answer to bytes that are not HTTP is read, too', async t => {
  const app = await build(t)
  await app.listen({ host: '127.0.0.1', port: 0 })
  const client = connect((app.server.address() as AddressInfo).port, '127.0.0.1')
  client.write(`GET / HTTP/1.1\r\nhost: x\r\nlong: ${'x'.repeat(20 * KIBIBYTE)}`)
  for (let i = 0; i < 4; i++) {
    await sleep(20)
    client.write('x'.repeat(10 * KIBIBYTE))
  }
  let text = ''
  client.on('data', data => {
    text += data
  })
  await once(client, 'close')
  t.match(text, /^HTTP\/1.1 431 [\s\S]*HEADERS_TOO_LARGE/)
})
