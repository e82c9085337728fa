import { test } from 'tap'
import { Audience } from '../../bench/fanout/audience.js'
import { FrameReader, serverFrame } from '../../bench/fanout/frames.js'
import { measure } from '../../bench/fanout/measure.js'
import { checkout, ours } from '../../bench/fanout/peers.js'
import { Config } from '../../schemas/config.js'
import { skipLong } from '../support/repeat.js'

test('our server runs with every limit raised and otherwise with defaults', async t => {
  const { env } = ours('ours', checkout).start(1, '/data')
  const limits = Object.keys(Config.properties).filter(name => /^(RATE_LIMIT|MAX_SOCKETS|BUDGET)_/.test(name))
  t.strictSame(env, { PORT: '1', DATA_DIR: '/data', ...Object.fromEntries(limits.map(name => [name, '1000000'])) })
})

test('every socket of every room gets every message once and in order', async t => {
  const load = { title: 'two rooms', rooms: 2, sockets: 4, rate: 20 }
  const figures = await measure(ours('ours', checkout), load, 1, 0.5)
  t.match(figures, { lost: 0, out_of_order: 0, unacknowledged: 0 })
  t.ok(figures.delivered > 0)
  t.equal(figures.delivered % load.sockets, 0, 'each message reached its whole room')
  t.ok(Number(figures.cpu_us) > 0)
  t.ok(Number(figures.p50_ms) > 0)
})

test('the memory of idle sockets is measured', { skip: skipLong }, async t => {
  const load = { title: 'idle', rooms: 2, sockets: 2, rate: 0 }
  const figures = await measure(ours('ours', checkout), load, 1, 0.1)
  t.match(figures, { delivered: 0, lost: 0, cpu_us: null, socket_bytes: Number, cpu_with_sockets: Number })
})

test('lost, duplicated and reordered messages are detected', async t => {
  /** Three sockets in a room, each of which sent one message. */
  function told(...received: number[][]) {
    const audience = new Audience({ title: '', rooms: 1, sockets: 3, rate: 1 }, 10)
    for (let n = 0; n < 3; n++) audience.send(0)
    received.forEach((numbers, socket) => {
      for (const n of numbers) audience.receive(0, socket, n, 1)
    })
    return { lost: audience.missing, out_of_order: audience.out_of_order }
  }
  t.strictSame(told([0, 1, 2], [0, 1, 2], [0, 1, 2]), { lost: 0, out_of_order: 0 })
  t.strictSame(told([1, 0, 2], [1, 0, 2], [1, 0, 2]), { lost: 0, out_of_order: 0 }, 'the server sets the order')
  t.strictSame(told([0, 1, 2], [0, 2], [0, 1, 2]), { lost: 1, out_of_order: 0 }, 'lost')
  t.strictSame(told([0, 1, 2], [0, 2, 1], [0, 1, 2]), { lost: 0, out_of_order: 1 }, 'swapped')
  t.match(told([0, 1, 2], [0, 1, 1, 2], [0, 1, 2]), { out_of_order: 1 }, 'doubled')
  t.match(told([0, 1, 2], [0, 1, 2, 3], [0, 1, 2]), { out_of_order: 1 }, 'never sent')
})

test('frames are parsed correctly wherever the stream is split', async t => {
  const texts = ['a', 'b'.repeat(200), '', 'c'.repeat(125)]
  const stream = Buffer.concat(texts.map(text => serverFrame(text)))
  const wrong: number[] = []
  for (let split = 0; split <= stream.length; split++) {
    const got: string[] = []
    const reader = new FrameReader({
      text: (bytes, start, end) => got.push(bytes.toString('latin1', start, end)),
      reply: () => t.fail('nothing is to be answered'),
    })
    reader.read(stream.subarray(0, split))
    reader.read(stream.subarray(split))
    if (got.join() !== texts.join()) wrong.push(split)
  }
  t.strictSame(wrong, [])
})
