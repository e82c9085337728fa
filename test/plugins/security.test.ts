import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { test } from 'tap'
import { build } from '../support/application.js'
import { listen } from '../support/socket.js'

test('every response forbids what the page never needs', async t => {
  const app = await build(t)
  for (const url of ['/health', '/nothing', '/auth/me', '/ready']) {
    const { headers } = await app.inject(url)
    const policy = String(headers['content-security-policy']).split(';')
    for (const part of [`script-src 'self'`, `connect-src 'self'`, `frame-ancestors 'none'`, `object-src 'none'`]) {
      t.ok(policy.includes(part), `${url}: ${part}`)
    }
    t.match(headers, {
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
    })
    t.equal(headers['x-powered-by'], undefined)
  }
})

test('a request rejected for its Origin gets the security headers, too', async t => {
  const app = await build(t)
  const refused = await app.inject({ method: 'POST', url: '/auth/logout', headers: { cookie: 'token=a.b.c' } })
  t.equal(refused.statusCode, 403)
  t.match(refused.headers, { 'content-security-policy': String })
})

test('responses to unroutable URLs and invalid HTTP cannot be loaded by a page', async t => {
  const app = await build(t)
  const { port } = new URL(await listen(app))
  for (const path of ['/%zz', `/rooms/${'x'.repeat(200)}`, 'no address']) {
    const socket = connect(Number(port), '127.0.0.1')
    socket.end(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
    const [head] = (await text(socket)).toLowerCase().split('\r\n\r\n')
    t.match(head, /^http\/1.1 400 /, path)
    t.match(head, 'x-content-type-options: nosniff')
    t.match(head, /content-security-policy: default-src 'none';frame-ancestors 'none'/)
  }
})

test('TLS is required of the browser only if the request came over TLS', async t => {
  const app = await build(t, { TRUST_PROXY: '127.0.0.1' })
  const plain = await app.inject('/health')
  const secure = await app.inject({ url: '/health', headers: { 'x-forwarded-proto': 'https' } })
  t.equal(plain.headers['strict-transport-security'], undefined)
  t.notMatch(plain.headers['content-security-policy'], 'upgrade-insecure-requests')
  t.match(secure.headers['strict-transport-security'], 'max-age=')
  t.match(secure.headers['content-security-policy'], 'upgrade-insecure-requests')
})
