import { mkdirSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { type Test, test } from 'tap'
import { PASSWORD, temporaryFolder } from './support/application.js'
import { start } from './support/process.js'

const SERVER = ['build/server.js']

/** Checks that a start fails with one line and exit code 1. @returns the line */
async function failure(t: Test, env: Record<string, string>) {
  const { written, ended } = start(t, SERVER, env)
  t.equal(await ended, 1, JSON.stringify(env))
  t.match(written.err, /^[^\n]+\n$/, 'one line')
  return written.err
}

test('a start logs the store, the bus, the secret and the address, and serves requests', async t => {
  const { written, says, child, ended } = start(t, SERVER)
  const [, address] = await says(/listening at (http:\S+)/)
  await says(/Bus: memory/)
  t.match(written.out, /Store: embedded/)
  t.match(written.out, /JWT secret: generated for development and stored in /)
  const health = await fetch(`${address}/health`)
  t.same(await health.json(), { status: 'ok' })
  child.kill('SIGTERM')
  t.equal(await ended, 0)
  t.equal(written.err, '')
})

test('an invalid variable fails the start with one line that names it, in dev and in prod', async t => {
  const lines = await Promise.all([
    failure(t, { PORT: 'http' }),
    failure(t, { IS_DEV: 'prod' }),
    failure(t, { TLS_CERT_FILE: '/nowhere', TLS_KEY_FILE: '/nowhere' }),
    failure(t, { JWT_SECRET: 'hush-hush' }),
  ])
  t.match(lines, [/^PORT /, /^JWT_SECRET /, /^TLS_CERT_FILE /, /^JWT_SECRET /])
  t.notMatch(lines[3], 'hush')
})

test('a port in use fails the start with one line', async t => {
  const other = createServer().listen(0, '127.0.0.1')
  t.after(() => other.close())
  await new Promise(resolve => other.once('listening', resolve))
  const { port } = other.address() as AddressInfo
  t.match(await failure(t, { PORT: String(port) }), `PORT ${port} of 127.0.0.1 is in use`)
})

test('an address of another machine fails the start with one line', async t => {
  t.match(await failure(t, { HOST: '192.0.2.1' }), /^HOST /)
})

test('a DATA_DIR that is in use, damaged or not a folder makes the start fail with one line', async t => {
  const DATA_DIR = temporaryFolder(t)
  const first = start(t, SERVER, { DATA_DIR })
  await first.says(/listening/)
  t.match(await failure(t, { DATA_DIR }), DATA_DIR)
  first.child.kill('SIGTERM')
  t.equal(await first.ended, 0)
  const again = start(t, SERVER, { DATA_DIR })
  await again.says(/listening/)
  again.child.kill('SIGTERM')
  await again.ended

  t.match(await failure(t, { DATA_DIR: join(DATA_DIR, 'jwt-secret') }), 'DATA_DIR')
  const damaged = join(temporaryFolder(t), 'damaged')
  mkdirSync(damaged)
  writeFileSync(join(damaged, 'talkie.db'), 'no database at all'.repeat(1000))
  t.match(await failure(t, { DATA_DIR: damaged }), damaged)
})

test('a token is still valid after a restart, and an ended one is still invalid', async t => {
  const DATA_DIR = temporaryFolder(t)
  const serve = async () => {
    const server = start(t, SERVER, { DATA_DIR })
    const [, address] = await server.says(/listening at (http:\S+)/)
    const ask = (method: string, path: string, token = '', body?: object) =>
      fetch(`${address}${path}`, {
        method,
        headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) },
        ...(body && { body: JSON.stringify(body) }),
      })
    return { ...server, ask }
  }
  const first = await serve()
  const credentials = { username: 'minji', password: PASSWORD }
  const tokenFrom = async (answer: Response) => ((await answer.json()) as { token: string }).token
  const kept = await tokenFrom(await first.ask('POST', '/auth/register', '', credentials))
  const ended = await tokenFrom(await first.ask('POST', '/auth/login', '', credentials))
  t.equal((await first.ask('POST', '/auth/logout', ended)).status, 204)
  first.child.kill('SIGKILL')
  await first.ended
  const second = await serve()
  t.equal((await second.ask('GET', '/auth/me', kept)).status, 200)
  t.equal((await second.ask('GET', '/auth/me', ended)).status, 401)
})

test('a signal during the start ends the process', async t => {
  // No server responds there, so the start waits for some seconds.
  const { says, child, ended, written } = start(t, SERVER, { MONGODB_URI: 'mongodb://127.0.0.1:1' })
  await says(/secret: /)
  child.kill('SIGTERM')
  t.equal(await ended, 0)
  t.notMatch(written.out, 'listening')
})
