import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { type Test, test } from 'tap'
import { WebSocket, WebSocketServer } from 'ws'
import { Figure } from '../../bench/k6-runner/registry.js'
import { milliseconds } from '../../bench/k6-runner/run.js'
import { WebSocket as StandIn } from '../../bench/k6-runner/stand-ins/websockets.js'
import { judge } from '../../bench/k6-runner/thresholds.js'
import { build } from '../support/application.js'
import { skipLong } from '../support/repeat.js'
import { listen } from '../support/socket.js'

const RUNNER = fileURLToPath(new URL('../../bench/k6-runner.js', import.meta.url))
const top = fileURLToPath(new URL('../../..', import.meta.url))

/** Latency does not matter here: only that every message arrives once and in order. */
const NO_HURRY = { P99_ACK_MS: 1e6, P99_DELIVERY_MS: 1e6, P95_DELIVERY_MS: 1e6, P99_HTTP_MS: 1e6, PATIENCE_MS: 1e6 }

const BRIEFLY = {
  burst: { USERS: 50, MESSAGES: 10, GATHER_MS: 500 },
  websocket: { USERS: 4, MESSAGES: 9, EVERY_MS: 20 },
  'http-api': { USERS: 2, DURATION: '1s' },
  soak: { USERS: 4, DURATION: '1500ms', EVERY_MS: 20, MESSAGES: 5 },
} as const

async function k6(script: string, BASE_URL: string, env: object = {}) {
  const pairs = Object.entries({ ...NO_HURRY, BASE_URL, ...env }).flatMap(pair => ['-e', pair.join('=')])
  const child = execFile(process.execPath, [RUNNER, `bench/k6/${script}.js`, ...pairs], { cwd: top })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', text => {
      said += text
    })
  }
  const [code] = await once(child, 'close')
  return { code: code as number, said, fails: [...said.matchAll(/^FAILS +(\w+):/gm)].map(([, name]) => name) }
}

for (const [script, env] of Object.entries(BRIEFLY)) {
  test(`${script}: a healthy server loses, duplicates and reorders nothing`, {
    skip: script !== 'websocket' && skipLong,
  }, async t => {
    const { code, said, fails } = await k6(script, await listen(await build(t)), env)
    t.equal(code, 0, said)
    t.same(fails, [])
    t.match(said, /^conversations +count=[1-9]/m)
  })
}

test('the stand-in for k6’s WebSocket has no state constants, which k6 has only from 2.3 on', async t => {
  for (const state of ['CONNECTING', 'OPEN', 'CLOSING', 'CLOSED'] as const) {
    t.equal(StandIn[state], undefined)
    t.equal(StandIn.prototype[state], undefined)
  }
})

test('a failed threshold fails the run with k6’s exit code', { skip: skipLong }, async t => {
  const origin = await listen(await build(t))
  for (const [script, name, metric] of [
    ['burst', 'P99_ACK_MS', 'ack_ms'],
    ['http-api', 'P99_HTTP_MS', 'http_req_duration'],
  ] as const) {
    const { code, fails } = await k6(script, origin, { ...BRIEFLY[script], USERS: 2, [name]: 0 })
    t.equal(code, 99)
    t.same(fails, [metric])
  }
})

/**
 * A proxy in front of a server that corrupts its responses.
 * @param spoil the frames in place of one @param spoilBody the body in place of one
 */
async function proxy(
  t: Test,
  origin: string,
  spoil: (frame: string, near: WebSocket) => string[],
  spoilBody = (body: string) => body,
): Promise<string> {
  const server = createServer(async (request, reply) => {
    const body = Buffer.concat(await request.toArray())
    const { authorization = '', 'content-type': type } = request.headers
    const answer = await fetch(origin + request.url, {
      method: request.method ?? 'GET',
      headers: { authorization, ...(type !== undefined && { 'content-type': type }) },
      body: body.length > 0 ? body : null,
    })
    reply.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? 'text/plain' })
    reply.end(spoilBody(await answer.text()))
  })
  const sockets = new WebSocketServer({ server })
  sockets.on('connection', (near, request) => {
    const far = new WebSocket(origin.replace('http', 'ws') + request.url, {
      headers: { authorization: request.headers.authorization as string },
    })
    const opened = once(far, 'open')
    near.on('message', data => void opened.then(() => far.send(data.toString())))
    far.on('message', data => {
      for (const frame of spoil(data.toString(), near)) near.send(frame)
    })
    near.on('close', () => far.terminate())
    far.on('error', () => {})
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    for (const socket of sockets.clients) socket.terminate()
    server.close()
    server.closeAllConnections()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const isMessage = (frame: string, number: number) =>
  frame.startsWith('{"type":"message"') && frame.includes(`:${number}"`)

const isAck = (frame: string) => frame.startsWith('{"type":"ack"')

test('lost, duplicated and reordered messages of a broken server are each counted as such', {
  skip: skipLong,
}, async t => {
  const origin = await listen(await build(t))
  const held: string[] = []
  const faults: Record<string, (frame: string) => string[]> = {
    messages_lost: frame => (isMessage(frame, 2) ? [] : [frame]),
    messages_doubled: frame => (isMessage(frame, 2) ? [frame, frame] : [frame]),
    messages_unordered: frame => {
      if (isMessage(frame, 2)) {
        held.push(frame)
        return []
      }
      // Presence frames may arrive between two messages and have no place in their order.
      return frame.startsWith('{"type":"message"') ? [frame, ...held.splice(0)] : [frame]
    },
  }
  for (const [metric, spoil] of Object.entries(faults)) {
    // With sockets that disconnect midway, a delayed frame arrives too late to count as out of order.
    const scripts = metric === 'messages_unordered' ? (['burst'] as const) : (['burst', 'websocket'] as const)
    for (const script of scripts) {
      const spoilt = await proxy(t, origin, spoil)
      const patience = metric === 'messages_lost' ? { PATIENCE_MS: 5000 } : {}
      const { code, fails } = await k6(script, spoilt, { ...BRIEFLY[script], USERS: 1, ...patience })
      t.equal(code, 99, `${script}: ${metric}`)
      t.ok(fails.includes(metric), `${script}: ${metric} among ${fails}`)
    }
  }
})

test('a missing ack is a failed conversation, and a second message with the same client_id a duplicate', {
  skip: skipLong,
}, async t => {
  const origin = await listen(await build(t))
  let shift = 0
  const faults: Record<string, (frame: string) => string[]> = {
    conversations_failed: frame => (isAck(frame) ? [] : [frame]),
    messages_doubled: frame => {
      const event = JSON.parse(frame)
      if (event.type !== 'message') return [frame]
      const first = JSON.stringify({ ...event, seq: event.seq + shift })
      if (!isMessage(frame, 2)) return [first]
      shift = 1
      return [first, JSON.stringify({ ...event, seq: event.seq + shift })]
    },
  }
  for (const [metric, spoil] of Object.entries(faults)) {
    const spoilt = await proxy(t, origin, spoil)
    const { code, fails } = await k6('burst', spoilt, { ...BRIEFLY.burst, USERS: 1, PATIENCE_MS: 5000 })
    t.equal(code, 99, metric)
    t.ok(fails.includes(metric), `${metric} among ${fails}`)
  }
})

test('messages that the store lost or stored twice are found after the burst', { skip: skipLong }, async t => {
  const origin = await listen(await build(t))
  for (const [metric, copies] of [
    ['messages_lost', 0],
    ['messages_doubled', 2],
  ] as const) {
    const spoilBody = (body: string) => {
      const page = JSON.parse(body)
      const messages = page.messages?.flatMap((message: { client_id: string }) =>
        message.client_id.endsWith(':2') ? Array(copies).fill(message) : [message],
      )
      return JSON.stringify({ ...page, messages })
    }
    const spoilt = await proxy(t, origin, frame => [frame], spoilBody)
    const { code, fails } = await k6('burst', spoilt, { ...BRIEFLY.burst, USERS: 1 })
    t.equal(code, 99, metric)
    t.same(fails, [metric])
  }
})

test('scripts reconnect to a restarted server and retry unacknowledged messages', { skip: skipLong }, async t => {
  const origin = await listen(await build(t))
  for (const script of ['burst', 'websocket', 'soak'] as const) {
    let restarts = 0
    const restarting = await proxy(t, origin, (frame, near) => {
      if (!isAck(frame) || restarts === 3) return [frame]
      restarts++
      near.close(1012, '{"retry_after_ms":20}')
      return []
    })
    const { code, said } = await k6(script, restarting, { ...BRIEFLY[script], USERS: 2, ROUNDS: 2, EVERY_MS: 20 })
    t.equal(code, 0, said)
    t.match(said, /^messages_repeated +count=[1-9]/m)
  }
})

test('a server that keeps restarting, or closes for another reason, is a failed conversation', {
  skip: skipLong,
}, async t => {
  const origin = await listen(await build(t))
  for (const reason of [1012, 1011]) {
    const closing = await proxy(t, origin, (_frame, near) => {
      near.close(reason)
      return []
    })
    const { code, fails } = await k6('burst', closing, { ...BRIEFLY.burst, USERS: 1, PATIENCE_MS: 5000 })
    t.equal(code, 99)
    t.ok(fails.includes('conversations_failed'), `${reason}: ${fails}`)
  }
})

test('a server that refuses or does not answer never counts as success', { skip: skipLong }, async t => {
  const limited = await listen(await build(t, { RATE_LIMIT_SENDS_PER_SECOND: '1' }))
  const refused = await k6('burst', limited, { ...BRIEFLY.burst, USERS: 2 })
  t.equal(refused.code, 99)
  t.match(refused.said, /RATE_LIMITED/)
  t.ok(refused.fails.includes('conversations_failed'))
  const nobody = await k6('burst', 'http://127.0.0.1:1', BRIEFLY.burst)
  t.match(nobody, { code: 1, said: /^POST \/auth\/register: 0/ })
})

test('wrong usage prints one line and exits with 1', async t => {
  t.match(await k6('nothing', 'http://127.0.0.1:1'), { code: 1, said: /^Cannot find module .*\n$/ })
  t.match(await k6('burst', 'http://127.0.0.1:1', { USERS: 'many' }), { code: 1, said: /^USERS is not a number\n$/ })
})

test('thresholds are evaluated like in k6, and unsupported ones are refused', async t => {
  const figures = new Map(
    (['counter', 'gauge', 'rate', 'trend'] as const).map(kind => {
      const figure = new Figure(kind)
      for (const value of [1, 0, 4, 3]) figure.add(value)
      return [kind as string, figure]
    }),
  )
  const value = (metric: string, threshold: string) => judge({ [metric]: [threshold] }, figures)[0]
  t.match(value('counter', 'count==8'), { value: 8, holds: true })
  t.match(value('counter', 'count>8'), { holds: false })
  t.match(value('gauge', 'value<=3'), { value: 3, holds: true })
  t.match(value('rate', 'rate<0.75'), { value: 0.75, holds: false })
  t.match(value('trend', 'p(50) < 2.5'), { value: 2, holds: true })
  t.match(value('trend', 'p(90)<3.8'), { value: 3.7, holds: true })
  t.match(value('trend', 'max!=4'), { holds: false })
  t.match(value('trend', 'avg>=2'), { value: 2, holds: true })
  t.match(value('nothing', 'count==0'), { value: undefined, holds: false }, 'with nothing measured nothing is shown')
  for (const [metric, threshold] of [
    ['counter', 'rate>1'],
    ['trend', 'p(99)'],
    ['trend', 'p(99)~5'],
  ] as const) {
    t.throws(() => value(metric, threshold), {
      message: `The threshold ${metric}: ${threshold} is not supported by this runner`,
    })
  }
  t.same(['30s', '1m30s', '500ms', '1.5h'].map(milliseconds), [30_000, 90_000, 500, 5_400_000])
  t.throws(() => milliseconds('soon'), { message: '"soon" is not a duration' })
})
