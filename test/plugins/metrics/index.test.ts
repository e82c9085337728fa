import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { connect as connectTcp } from 'node:net'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import { test } from 'tap'
import { build, register } from '../../support/application.js'
import { eventually } from '../../support/eventually.js'
import { top } from '../../support/process.js'
import { connect, listen } from '../../support/socket.js'

/** The value of the line with exactly this name and these labels. */
async function figure(fastify: FastifyInstance, line: string): Promise<number> {
  const text = await fastify.metrics.metrics()
  const found = text.split('\n').find(each => each.startsWith(`${line} `))
  if (!found) throw new Error(`no line ${line}`)
  return Number(found.slice(line.length + 1))
}

test('/metrics reports the process, its event loop and its sockets', async t => {
  const fastify = await build(t)
  const answer = await fastify.inject('/metrics')
  t.equal(answer.statusCode, 200)
  t.match(answer.headers['content-type'], /^text\/plain/)
  for (const name of ['process_resident_memory_bytes', 'nodejs_eventloop_lag_p99_seconds']) t.match(answer.body, name)
  t.equal(await figure(fastify, 'talkie_sockets'), 0)
  t.equal(await figure(fastify, 'talkie_rooms'), 0)
  t.equal(await figure(fastify, 'talkie_logins_waiting'), 0)
})

test('a blocked event loop shows in its delay', async t => {
  const fastify = await build(t)
  const blocked_until = performance.now() + 400
  while (performance.now() < blocked_until);
  await wait(150)
  t.ok((await figure(fastify, 'nodejs_eventloop_lag_max_seconds')) > 0.25)
  await wait(150)
  t.ok((await figure(fastify, 'nodejs_eventloop_lag_max_seconds')) < 0.25, 'since the last scrape')
})

test('a message counts as one commit, one append and one delivery per socket', async t => {
  const fastify = await build(t)
  const origin = await listen(fastify)
  const { token, headers } = await register(fastify, 'minji')
  const sockets = [
    await connect(t, origin, '/rooms/default/ws', token),
    await connect(t, origin, '/rooms/default/ws', token),
  ]
  for (const socket of sockets) await socket.next('welcome')
  const commits = await figure(fastify, 'talkie_commit_events_count')
  const answers = await figure(fastify, 'talkie_append_seconds_count')
  await fastify.inject({ method: 'POST', url: '/rooms/default/messages', headers, payload: { text: 'hello' } })
  for (const socket of sockets) await socket.next('message')
  // Presence events are delivered, too, at some time.
  const heard = () => sockets.flatMap(({ frames }) => frames).filter(({ type }) => /message|presence/.test(type)).length
  const allCounted = () => eventually(async () => (await figure(fastify, 'talkie_deliveries_total')) === heard())
  t.equal(await figure(fastify, 'talkie_sockets'), 2)
  t.equal(await figure(fastify, 'talkie_rooms'), 1)
  t.equal(await figure(fastify, 'talkie_commit_events_count'), commits + 1)
  t.equal(await figure(fastify, 'talkie_append_seconds_count'), answers + 1)
  await allCounted()
  // Reading the counters does not change them.
  await allCounted()
})

test('requests are counted by route template, and no name appears in the metrics', async t => {
  const fastify = await build(t)
  const { headers } = await register(fastify, 'somebody')
  await fastify.inject({ url: '/users/somebody/profile', headers })
  await fastify.inject({ url: '/nowhere/somebody', headers })
  const labels = 'method="GET",route="/users/:username/profile",status="200"'
  t.equal(await figure(fastify, `http_request_duration_seconds_count{${labels}}`), 1)
  t.equal(await figure(fastify, 'http_request_duration_seconds_count{method="GET",route="none",status="404"}'), 1)
  t.notMatch((await fastify.inject('/metrics')).body, 'somebody')
})

test('/metrics is built once a second at most, and counts within the limit of requests', async t => {
  const fastify = await build(t, { RATE_LIMIT_HTTP_PER_MINUTE: '5' })
  let built = 0
  const { metrics } = fastify
  const build_text = metrics.metrics.bind(metrics)
  metrics.metrics = () => {
    built++
    return build_text()
  }
  const statuses = []
  for (let n = 0; n < 6; n++) statuses.push((await fastify.inject('/metrics')).statusCode)
  t.same(statuses, [200, 200, 200, 200, 200, 429])
  t.equal(built, 1)
})

test('with METRICS_TOKEN only that token reads /metrics, and with DOCS=off there is no /docs', async t => {
  const METRICS_TOKEN = 'q8Zk3vX1Rw0nJt7Y'
  const fastify = await build(t, { METRICS_TOKEN, DOCS: 'off' })
  const read = async (authorization?: string) =>
    (await fastify.inject({ url: '/metrics', headers: authorization === undefined ? {} : { authorization } }))
      .statusCode
  t.same([await read(), await read('Bearer q8Zk3vX1Rw0nJt7Z'), await read('Bearer a.b.c')], [401, 401, 401])
  t.equal(await read(`Bearer ${METRICS_TOKEN}`), 200)
  for (const url of ['/docs', '/docs/openapi.yaml', '/docs/json', '/docs/static/index.html']) {
    t.equal((await fastify.inject(url)).statusCode, 404, url)
  }
})

test('new, resumed and reset subscriptions are counted apart, and closed sockets by reason', async t => {
  const fastify = await build(t)
  const origin = await listen(fastify)
  const { token } = await register(fastify, 'minji')
  for (const query of ['', '?after=1', '?after=1000']) {
    const socket = await connect(t, origin, `/rooms/default/ws${query}`, token)
    await socket.settled()
    await (query === '?after=1000' ? socket.next('reset') : socket.next('welcome'))
  }
  for (const began of ['new', 'resumed', 'reset']) {
    t.equal(await figure(fastify, `talkie_subscriptions_total{began="${began}"}`), 1, began)
  }
  const stranger = await connect(t, origin, '/ws', 'no.good.token')
  await stranger.closed
  t.equal(await figure(fastify, 'talkie_sockets_closed_total{reason="unauthorized"}'), 1)
  t.equal(await figure(fastify, 'talkie_sockets_closed_total{reason="too_slow"}'), 0)
})

test('the gauges report the state of the server, its store and its bus', async t => {
  const fastify = await build(t)
  const read = async () => ({
    bus: await figure(fastify, 'talkie_bus_up'),
    ready: await figure(fastify, 'talkie_ready'),
    store: await figure(fastify, 'talkie_store_up'),
    unsent: await figure(fastify, 'talkie_unsent_bytes'),
  })
  t.same(await read(), { bus: 1, ready: 1, store: 1, unsent: 0 })
  const version = JSON.parse(readFileSync(join(top, 'package.json'), 'utf8')).version
  t.equal(await figure(fastify, `talkie_build_info{version="${version}",node="${process.version}"}`), 1)
  fastify.draining = true
  fastify.unsent.bytes = 5
  t.same(await read(), { bus: 1, ready: 0, store: 1, unsent: 5 })
  await fastify.store.close()
  t.same(await read(), { bus: 1, ready: 0, store: 0, unsent: 5 })
})

test('errors are counted by code, for HTTP and for sockets', async t => {
  const fastify = await build(t)
  const origin = await listen(fastify)
  const errors = (code: string, transport: string) =>
    figure(fastify, `talkie_errors_total{code="${code}",transport="${transport}"}`)
  t.equal(await errors('STORE_UNAVAILABLE', 'http'), 0, 'a code that has not occurred is there, too')
  await fastify.inject('/auth/me')
  await fastify.inject('/nothing')
  await fastify.inject('/rooms/%zz')
  const broken = connectTcp(Number(new URL(origin).port), '127.0.0.1').end('no HTTP\r\n\r\n')
  await once(broken.resume(), 'close')
  const { token } = await register(fastify, 'minji')
  const socket = await connect(t, origin, '/ws', token)
  socket.send({ type: 'subscribe', room_id: 'nowhere' })
  await socket.next('error')
  t.equal(await errors('UNAUTHORIZED', 'http'), 1)
  t.equal(await errors('NOT_FOUND', 'http'), 1)
  t.equal(await errors('BAD_REQUEST', 'http'), 2)
  t.equal(await errors('ROOM_NOT_FOUND', 'socket'), 1)
})

test('every gauge has a test', async t => {
  const text = await (await build(t)).metrics.metrics()
  const folder = join(top, 'test/plugins/metrics')
  const tests = readdirSync(folder).map(name => readFileSync(join(folder, name), 'utf8'))
  for (const [, name = ''] of text.matchAll(/^# TYPE (talkie_\w+) gauge$/gm)) {
    t.ok(
      tests.some(test => new RegExp(`['\`]${name}\\b`).test(test)),
      name,
    )
  }
})
