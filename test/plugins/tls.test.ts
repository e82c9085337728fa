import { once } from 'node:events'
import { copyFileSync, rmSync } from 'node:fs'
import { request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { mock } from 'node:test'
import { connect as connectTls } from 'node:tls'
import type { FastifyServerOptions } from 'fastify'
import { type Test, test } from 'tap'
import { WebSocket } from 'ws'
import { readConfig } from '../../plugins/config/index.js'
import { serverOptions } from '../../plugins/config/server-options.js'
import { LOOK_MS } from '../../plugins/tls.js'
import { build, register } from '../support/application.js'
import { makeCertificate, opensslMissing } from '../support/certificate.js'

/** The fingerprint of the certificate that a new connection gets. */
async function fingerprint(port: number): Promise<string> {
  const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false })
  await once(socket, 'secureConnect')
  const { fingerprint256 } = socket.getPeerCertificate()
  socket.destroy()
  return fingerprint256
}

const look = () => mock.timers.tick(LOOK_MS)

async function serve(t: Test) {
  const files = makeCertificate(t)
  // The test decides when the files are read.
  mock.timers.enable({ apis: ['setInterval'] })
  t.teardown(() => mock.timers.reset())
  const lines: string[] = []
  const options = serverOptions(readConfig(files))
  const stream = { write: (line: string) => lines.push(JSON.parse(line).msg) }
  const app = await build(t, files, { options: { ...options, logger: { stream } } as FastifyServerOptions })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo
  return { app, port, files, lines: () => lines.filter(line => line.startsWith('TLS')) }
}

test('a renewed certificate is served without a restart, and open sockets stay open', {
  skip: opensslMissing,
}, async t => {
  const { app, port, files, lines } = await serve(t)
  const { token } = await register(app, 'minji')
  const headers = { authorization: `Bearer ${token}` }
  const ws = new WebSocket(`wss://127.0.0.1:${port}/ws`, { headers, rejectUnauthorized: false })
  t.teardown(() => ws.terminate())
  await once(ws, 'open')
  const first = await fingerprint(port)
  const renewed = makeCertificate(t)
  copyFileSync(renewed.TLS_CERT_FILE, files.TLS_CERT_FILE)
  copyFileSync(renewed.TLS_KEY_FILE, files.TLS_KEY_FILE)
  look()
  t.not(await fingerprint(port), first)
  t.match(lines().at(-1), 'TLS certificate reloaded')
  const pong = once(ws, 'message')
  ws.send('{"type":"ping"}')
  t.match(JSON.parse(String((await pong)[0])), { type: 'pong' })
})

test('a broken pair is logged once and the old one stays in use; the next valid one is served', {
  skip: opensslMissing,
}, async t => {
  const { port, files, lines } = await serve(t)
  const first = await fingerprint(port)
  const [other, good] = [makeCertificate(t), makeCertificate(t)]
  // As between the two writes of a renewal.
  copyFileSync(other.TLS_CERT_FILE, files.TLS_CERT_FILE)
  for (let n = 0; n < 3; n++) look()
  t.match(lines(), [/^TLS certificate not reloaded, still using the old one: TLS_CERT_FILE and TLS_KEY_FILE must hold/])
  t.equal(await fingerprint(port), first)
  rmSync(files.TLS_KEY_FILE)
  for (let n = 0; n < 3; n++) look()
  t.match(lines()[1], 'TLS_KEY_FILE names a file that cannot be read')
  t.equal(await fingerprint(port), first)
  copyFileSync(good.TLS_CERT_FILE, files.TLS_CERT_FILE)
  copyFileSync(good.TLS_KEY_FILE, files.TLS_KEY_FILE)
  look()
  t.not(await fingerprint(port), first)
  t.equal(lines().length, 3)
  const healthy = await new Promise(resolve =>
    request({ port, path: '/health', rejectUnauthorized: false }, answer => resolve(answer.resume().statusCode)).end(),
  )
  t.equal(healthy, 200)
})
