import { execFileSync } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import type { FastifyInstance } from 'fastify'
import { test } from 'tap'
import { build } from '../support/application.js'
import { eventually } from '../support/eventually.js'
import { programMissing } from '../support/missing.js'
import { start } from '../support/process.js'

test('a running process is healthy, and ready while its store answers', async t => {
  const app = await build(t)
  t.same((await app.inject('/health')).json(), { status: 'ok' })
  const ready = await app.inject('/ready')
  t.equal(ready.statusCode, 200)
  t.same(ready.json(), { ready: true, draining: false, store: 'up', bus: 'up', path: 'fast' })
})

test('without its store a server is alive but not ready', async t => {
  const app = await build(t)
  await app.store.close()
  t.equal((await app.inject('/health')).statusCode, 200)
  const ready = await app.inject('/ready')
  t.equal(ready.statusCode, 503)
  t.match(ready.json(), { ready: false, store: 'down', draining: false })
})

test('a draining server reports it and serves requests until its listener closes', async t => {
  const drain = new EventEmitter()
  const after = (fastify: FastifyInstance) => {
    fastify.addHook('preClose', async () => {
      drain.emit('begin')
      await once(drain, 'end')
    })
  }
  const app = await build(t, {}, { after })
  await app.listen({ port: 0 })
  const { port } = app.server.address() as AddressInfo
  const ask = async (path: string) => {
    const answer = await new Promise<IncomingMessage>(resolve => get({ port, path }, resolve))
    return { status: answer.statusCode, body: JSON.parse(await text(answer)) }
  }
  const begun = once(drain, 'begin')
  const closing = app.close()
  await begun
  t.match(await ask('/ready'), { status: 503, body: { ready: false, draining: true, store: 'up' } })
  t.match(await ask('/health'), { status: 200 })
  t.match(await ask('/auth/me'), { status: 401, body: { code: 'UNAUTHORIZED' } })
  drain.emit('end')
  await closing
})

test('on a full disk a server is not ready, and is again when there is room', {
  skip: programMissing('prlimit', '--version'),
}, async t => {
  const { child, says } = start(t, ['build/server.js'], {}, { unmeasured: true })
  const [, origin] = await says(/(http:\/\/127\.0\.0\.1:\d+)/)
  const limit = (bytes: string) => execFileSync('prlimit', ['--pid', `${child.pid}`, `--fsize=${bytes}:unlimited`])
  const ready = async () => {
    const answer = await fetch(`${origin}/ready`)
    return { status: answer.status, ...((await answer.json()) as { store: string }) }
  }
  t.match(await ready(), { status: 200, store: 'up' })
  limit('4096')
  await eventually(async () => (await ready()).status === 503)
  t.match(await ready(), { status: 503, store: 'down' })
  t.equal((await fetch(`${origin}/health`)).status, 200)
  limit('unlimited')
  await eventually(async () => (await ready()).status === 200)
})
