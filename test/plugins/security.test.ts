import { test } from 'tap'
import { build } from '../helper.js'

test('every answer forbids what a page of ours never needs', async t => {
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

test('a refusal for its origin has them too', async t => {
  const app = await build(t)
  const refused = await app.inject({ method: 'POST', url: '/auth/logout', headers: { cookie: 'token=a.b.c' } })
  t.equal(refused.statusCode, 403)
  t.match(refused.headers, { 'content-security-policy': String })
})

test('TLS is demanded where a request came over it, and only there', async t => {
  const app = await build(t, { TRUST_PROXY: '127.0.0.1' })
  const plain = await app.inject('/health')
  const secure = await app.inject({ url: '/health', headers: { 'x-forwarded-proto': 'https' } })
  t.equal(plain.headers['strict-transport-security'], undefined)
  t.notMatch(plain.headers['content-security-policy'], 'upgrade-insecure-requests')
  t.match(secure.headers['strict-transport-security'], 'max-age=')
  t.match(secure.headers['content-security-policy'], 'upgrade-insecure-requests')
})
