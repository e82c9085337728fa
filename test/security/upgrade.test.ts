import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { type Test, test } from 'tap'
import { WebSocket } from 'ws'
import { BEARER_PREFIX, SUBPROTOCOL } from '../../schemas/wire.js'
import { build, register } from '../support/application.js'
import { listen } from '../support/socket.js'

/** Tries to open a socket. @returns the answer to the upgrade: 101 if it was opened */
async function upgrade(t: Test, origin: string, headers: Record<string, string>, protocols: string[] = []) {
  const socket = new WebSocket(`${origin.replace('http', 'ws')}/ws`, protocols, { headers })
  t.teardown(() => socket.terminate())
  socket.on('error', () => {})
  const [answer] = (await Promise.race([
    once(socket, 'upgrade'),
    once(socket, 'unexpected-response').then(([, r]) => [r]),
  ])) as [IncomingMessage]
  return answer
}

test('a page of another origin cannot open a socket with the cookie of a user, however similar its origin is', async t => {
  const app = await build(t, { ALLOWED_ORIGINS: 'https://friend.example' })
  const origin = await listen(app)
  const { token } = await register(app, 'minji')
  const { host, port } = new URL(origin)
  const cookie = `${app.cookieName}=${token}`
  for (const allowed of [origin, 'https://friend.example'])
    t.equal((await upgrade(t, origin, { cookie, origin: allowed })).statusCode, 101, allowed)

  const foreign = [
    'null',
    'http://127.0.0.1',
    `https://${host}`,
    `http://127.0.0.1:${Number(port) === 1 ? 2 : 1}`,
    `http://evil-${host}`,
    `http://${host}.evil.example`,
    `http://user@${host}`,
    `${origin}/`,
    'http://friend.example',
    'https://friend.example.evil.example',
    'file://',
  ]
  for (const wrong of foreign) {
    const answer = await upgrade(t, origin, { cookie, origin: wrong })
    t.equal(answer.statusCode, 403, wrong)
    t.match(answer.headers, {
      'x-content-type-options': 'nosniff',
      'content-security-policy': /frame-ancestors 'none'/,
    })
  }
  t.equal((await upgrade(t, origin, { cookie })).statusCode, 403, 'no origin at all')
  t.equal([...app.ws.hub.clientsOf('minji')].length, 2, 'the two of allowed origins')
})

test('a program with a token needs no origin, and the token is not echoed', async t => {
  const app = await build(t)
  const origin = await listen(app)
  const { token, headers } = await register(app, 'minji')
  t.equal((await upgrade(t, origin, headers)).statusCode, 101)
  const answer = await upgrade(t, origin, { origin: 'http://evil.example' }, [SUBPROTOCOL, BEARER_PREFIX + token])
  t.equal(answer.statusCode, 101)
  t.equal(answer.headers['sec-websocket-protocol'], SUBPROTOCOL)
  t.notOk(JSON.stringify(answer.rawHeaders).includes(token))
  t.equal((await upgrade(t, origin, {})).statusCode, 401, 'without anything')
})
