import { once } from 'node:events'
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs'
import { createServer } from 'node:http'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { test } from 'tap'
import { temporaryFolder } from '../support/application.js'
import { start, top } from '../support/process.js'

test('the usual variables turn tracing on: spans carry the route and the service name, and are sent before the server ends', async t => {
  const received: { path: string | undefined; body: string }[] = []
  const collector = createServer(async (request, response) => {
    received.push({ path: request.url, body: await text(request) })
    response.setHeader('content-type', 'application/json').end('{}')
  }).listen(0, '127.0.0.1')
  t.teardown(() => void collector.close())
  await once(collector, 'listening')
  const { port } = collector.address() as { port: number }
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
