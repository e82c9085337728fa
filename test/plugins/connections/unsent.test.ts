import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Test, test } from 'tap'
import { watchUnsent } from '../../../plugins/connections/unsent.js'

/** Connections of a real server, seen from its side, whose clients do not read until they are told to. */
async function connections(t: Test, number: number) {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const pairs: { ours: Socket; client: Socket }[] = []
  for (let i = 0; i < number; i++) {
    const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
    const [ours] = (await once(server, 'connection')) as [Socket]
    ours.on('error', () => {})
    client.on('error', () => {})
    client.pause()
    pairs.push({ ours, client })
  }
  t.teardown(() => {
    for (const { ours, client } of pairs) {
      ours.destroy()
      client.destroy()
    }
    server.close()
  })
  return pairs
}
const MEBIBYTE = 1024 * 1024

test('a client that leaves a byte unread for over 30 s loses its connection', async t => {
  const [pair] = await connections(t, 1)
  const { ours, client } = pair as { ours: Socket; client: Socket }
  const watch = watchUnsent([ours])
  t.teardown(watch.close)
  ours.write(Buffer.alloc(32 * MEBIBYTE))
  watch.sweep(1000)
  watch.sweep(30_000)
  t.notOk(ours.destroyed)
  t.equal(watch.figures.bytes, ours.writableLength)
  ours.write('more does not make the first bytes younger')
  watch.sweep(31_100)
  t.ok(ours.destroyed)
  t.equal(watch.figures.destroyed, 1)
  client.destroy()
})

test('a client that takes everything within 30 s keeps its connection, however much it gets', async t => {
  const [pair] = await connections(t, 1)
  const { ours, client } = pair as { ours: Socket; client: Socket }
  const watch = watchUnsent([ours])
  t.teardown(watch.close)
  for (let second = 0; second < 120; second += 20) {
    ours.write(Buffer.alloc(8 * MEBIBYTE))
    watch.sweep(second * 1000)
    client.resume()
    while (ours.writableLength > 0) await sleep(1)
    client.pause()
  }
  watch.sweep(200_000)
  t.notOk(ours.destroyed)
})

test('when too much waits in total, the connections with the most unsent bytes go first', async t => {
  const pairs = await connections(t, 4)
  const sockets = pairs.map(({ ours }) => ours)
  const watch = watchUnsent(sockets, 40 * MEBIBYTE)
  t.teardown(watch.close)
  for (const [index, socket] of sockets.entries()) socket.write(Buffer.alloc((8 + index * 8) * MEBIBYTE))
  watch.sweep(0)
  const left = sockets.reduce((sum, { destroyed, writableLength }) => sum + (destroyed ? 0 : writableLength), 0)
  t.ok(left <= 40 * MEBIBYTE)
  t.ok(sockets[3]?.destroyed)
  t.notOk(sockets[0]?.destroyed)
})
