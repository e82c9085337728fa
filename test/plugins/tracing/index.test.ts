import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs'
import { createServer } from 'node:http'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { type Test, test } from 'tap'
import { build, PASSWORD, temporaryFolder } from '../../support/application.js'
import { start, top } from '../../support/process.js'
import { enter, say } from '../../support/servers.js'
import { mongoMissing, startMongo } from '../../support/services.js'

/** A collector, and what it received. */
async function collect(t: Test) {
  const received: { path: string | undefined; body: string }[] = []
  const collector = createServer(async (request, response) => {
    received.push({ path: request.url, body: await text(request) })
    response.setHeader('content-type', 'application/json').end('{}')
  }).listen(0, '127.0.0.1')
  t.teardown(() => void collector.close())
  await once(collector, 'listening')
  const { port } = collector.address() as { port: number }
  return { received, port }
}

test('the usual variables turn tracing on: spans carry the route and the service name, and are sent before the server ends', async t => {
  const { received, port } = await collect(t)
  const { child, says, ended } = start(t, ['build/server.js'], {
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
    OTEL_SERVICE_NAME: 'talkie-under-test',
  })
  const [, origin] = await says(/listening at (http:\S+)/)
  await fetch(`${origin}/users/minji/profile?secret=token`)
  for (const probe of ['health', 'ready', 'metrics']) await fetch(`${origin}/${probe}`)
  child.kill('SIGTERM')
  t.equal(await ended, 0)
  t.ok(received.length > 0)
  t.ok(received.every(({ path }) => path === '/v1/traces'))
  const sent = received.map(({ body }) => body).join()
  t.match(sent, 'talkie-under-test')
  t.match(sent, '"name":"GET /users/:username/profile"')
  t.notMatch(sent, /"\/(health|ready|metrics)"/, 'probes have no spans')
  t.notMatch(sent, 'secret=token')
})

interface SentSpan {
  name: string
  spanId: string
  parentSpanId?: string
  attributes: { key: string; value: { stringValue?: string } }[]
  status: { code?: number; message?: string }
}

for (const [system, skip] of [
  ['sqlite', false],
  ['mongodb', mongoMissing()],
] as const) {
  test(`the calls of the store on ${system} are spans below their request or frame, and hold nothing that users wrote`, {
    skip,
  }, async t => {
    const { received, port } = await collect(t)
    const env: Record<string, string> = { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`, HOST: '127.0.0.1' }
    if (system === 'mongodb') {
      const database = await startMongo()
      t.teardown(() => database.stop())
      Object.assign(env, { MONGODB_URI: database.uri, MONGODB_DATABASE: `traced_${randomUUID().slice(0, 8)}` })
    }
    const { child, says, ended } = start(t, ['build/server.js'], env)
    const [, origin = ''] = await says(/listening at (http:\S+)/)
    const post = async (path: string, body: object, token = '') => {
      const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) }
      const answer = await fetch(`${origin}${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
      return (await answer.json()) as { token: string; id: string }
    }
    const { token } = await post('/auth/register', { username: 'hush', password: PASSWORD })
    const { id } = await post('/rooms', { name: 'hush room' }, token)
    await post('/rooms', { name: 'hush room' }, token)
    await post(`/rooms/${id}/messages`, { text: 'hush text' }, token)
    await fetch(`${origin}/messages/search?q=hush`, { headers: { authorization: `Bearer ${token}` } })
    const socket = await enter(t, origin, '/rooms/default/ws', token)
    socket.send({ type: 'ping' })
    await say(socket, 'hush-id', 'hush text')
    socket.ws.terminate()
    child.kill('SIGTERM')
    t.equal(await ended, 0)

    const spans = received.flatMap(({ body }) =>
      JSON.parse(body).resourceSpans.flatMap((part: { scopeSpans: { spans: SentSpan[] }[] }) =>
        part.scopeSpans.flatMap(({ spans }) => spans),
      ),
    ) as SentSpan[]
    const byId = new Map(spans.map(span => [span.spanId, span]))
    const rootOf = (span: SentSpan): SentSpan => {
      const parent = byId.get(span.parentSpanId ?? '')
      return parent ? rootOf(parent) : span
    }
    const below = (root: string) => [
      ...new Set(
        spans.filter(span => span.name.startsWith('store ') && rootOf(span).name === root).map(({ name }) => name),
      ),
    ]
    for (const [root, call] of [
      ['POST /auth/register', 'store createUser'],
      ['POST /rooms', 'store createRoom'],
      ['POST /rooms/:id/messages', 'store append'],
      ['GET /messages/search', 'store searchTerms'],
      ['frame send', 'store append'],
    ] as const) {
      t.ok(below(root).includes(call), `${call} below ${root}: ${below(root)}`)
    }
    for (const span of spans.filter(({ name }) => name.startsWith('store '))) {
      t.not(rootOf(span), span, `${span.name} is not alone`)
      t.match(span.attributes, [
        { key: 'db.system.name', value: { stringValue: system } },
        { key: 'db.operation.name' },
      ])
    }
    const failed = spans.find(({ name, status }) => name === 'store createRoom' && status.code === 2)
    t.match(failed?.attributes, [{}, {}, { key: 'error.type', value: { stringValue: 'Conflict' } }])
    t.notOk(spans.some(({ name }) => name === 'frame ping'))
    t.notOk(rootOf(spans.find(({ name }) => name === 'frame send') as SentSpan).parentSpanId)
    const told = received.map(({ body }) => body).join()
    t.same(told.match(/.{0,40}hush.{0,20}/g), null)
  })
}

test('without tracing the store’s methods are not wrapped', async t => {
  const fastify = await build(t)
  t.equal(fastify.spans, null)
  t.notMatch(String(fastify.store.readHead), 'isRecording')
})

test('without its packages tracing ends the start with one line that says how to install them', async t => {
  const folder = temporaryFolder(t)
  const { peerDependencies } = JSON.parse(readFileSync(join(top, 'package.json'), 'utf8'))
  const packages = readdirSync(join(top, 'node_modules')).flatMap(name =>
    name.startsWith('@') ? readdirSync(join(top, 'node_modules', name)).map(part => join(name, part)) : [name],
  )
  for (const name of packages.filter(name => !name.startsWith('.') && !(name in peerDependencies))) {
    mkdirSync(dirname(join(folder, 'node_modules', name)), { recursive: true })
    symlinkSync(join(top, 'node_modules', name), join(folder, 'node_modules', name))
  }
  cpSync(join(top, 'package.json'), join(folder, 'package.json'))
  cpSync(join(top, 'build'), join(folder, 'build'), {
    recursive: true,
    filter: path => path !== join(top, 'build/test'),
  })

  const collector = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' }
  const traced = start(t, ['build/server.js'], collector, { cwd: folder })
  t.equal(await traced.ended, 1)
  t.match(traced.written.err, /^tracing needs more packages: run npm install [^\n]+\n$/)
  for (const [name, version] of Object.entries(peerDependencies)) t.match(traced.written.err, ` ${name}@${version}`)

  const untraced = start(t, ['build/server.js'], {}, { cwd: folder })
  await untraced.says(/listening at/)
  untraced.child.kill('SIGTERM')
  t.equal(await untraced.ended, 0, 'without tracing the server needs none of them')
})
