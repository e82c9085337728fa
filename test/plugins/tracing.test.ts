import { once } from 'node:events'
import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'
import { test } from 'tap'
import { start } from '../support/process.js'

test('with the usual variables a request is traced, by its route and under our name, and sent at the end at the latest', async t => {
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
  child.kill('SIGTERM')
  t.equal(await ended, 0)
  t.ok(received.length > 0)
  t.ok(received.every(({ path }) => path === '/v1/traces'))
  const sent = received.map(({ body }) => body).join()
  t.match(sent, 'talkie-under-test')
  t.match(sent, '/users/:username/profile')
  t.notMatch(sent, 'secret=token')
})
