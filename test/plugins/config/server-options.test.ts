import { writeFileSync } from 'node:fs'
import { request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import Fastify, { type FastifyServerOptions } from 'fastify'
import { test } from 'tap'
import { readConfig } from '../../../plugins/config/index.js'
import { serverOptions } from '../../../plugins/config/server-options.js'
import { build, PASSWORD, temporaryFolder } from '../../support/application.js'
import { makeCertificate, opensslMissing } from '../../support/certificate.js'

/** Options as `env` gives them, that write their lines to a list. */
function withLines(env: Record<string, string>) {
  const lines: string[] = []
  const options = serverOptions(readConfig(env))
  const logger = {
    ...(options.logger as object),
    transport: undefined,
    stream: { write: (line: string) => lines.push(line) },
  }
  return { lines, options: { ...options, logger } as FastifyServerOptions }
}

test('no line holds a token, a password, a search word or what people say', async t => {
  const { lines, options } = withLines({ LOG_LEVEL: 'trace' })
  const app = await build(
    t,
    { JWT_SECRET: 'hush-hush secret of over 32 characters' },
    {
      options,
      after: fastify => {
        fastify.get('/headers', async request => {
          request.log.info({ headers: request.headers, req: request }, 'as a careless plugin would')
          request.log.info({ req: { headers: request.headers } }, 'or another')
          throw new Error('with a bug')
        })
      },
    },
  )
  const credentials = { username: 'minji', password: PASSWORD }
  const { token } = (await app.inject({ method: 'POST', url: '/auth/register', payload: credentials })).json()
  await app.inject({ method: 'POST', url: '/auth/login', payload: credentials })
  await app.inject({ method: 'POST', url: '/auth/login', payload: { ...credentials, password: 'hush-hush-wrong' } })
  await app.inject({ method: 'POST', url: '/auth/login', payload: { username: { text: 'hush-hush' } } })
  await app.inject({
    method: 'POST',
    url: '/auth/login',
    payload: '{"hush-hush',
    headers: { 'content-type': 'application/json' },
  })
  const secrets = {
    authorization: `Bearer ${token}`,
    cookie: `token=${token}`,
    'sec-websocket-protocol': `talkie.v1, bearer.${token}`,
  }
  for (const path of ['/auth/me', '/headers', '/nothing', '/%zz']) {
    await app.inject({ url: `${path}?q=hush-hush&token=${token}`, headers: secrets })
  }
  await app.inject({ method: 'POST', url: '/auth/refresh', headers: { authorization: secrets.authorization } })
  await app.inject({ method: 'POST', url: '/auth/logout', headers: { authorization: secrets.authorization } })
  const all = lines.join('')
  t.match(all, '"path":"/headers"')
  t.match(all, 'as a careless plugin would')
  t.notMatch(all, 'hush-hush')
  t.notMatch(all, PASSWORD)
  t.notMatch(all, token.split('.')[2], 'no signature of a token')
})

test('lines are JSON, and those of one request have one id, of another request another', async t => {
  const { lines, options } = withLines({})
  const app = await build(t, {}, { options })
  await app.inject({ url: '/auth/me', headers: { 'request-id': 'mine', 'x-request-id': 'mine' } })
  await app.inject('/auth/me')
  const ids = lines.map(line => JSON.parse(line).reqId).filter(id => id !== undefined)
  t.equal(ids.length, 2)
  t.equal(new Set(ids).size, 2)
  t.notOk(ids.includes('mine'))
})

test('lines are for eyes in dev, JSON in prod', async t => {
  t.match(serverOptions(readConfig({})).logger, { level: 'info', transport: { target: 'pino-pretty' } })
  const prod = readConfig({ IS_DEV: 'prod', JWT_SECRET: 'a secret of at least 32 characters', LOG_LEVEL: 'warn' })
  t.match(serverOptions(prod).logger, { level: 'warn', transport: undefined })
  t.equal(serverOptions(readConfig({ LOG_LEVEL: 'silent' })).logger, false)
})

test('with certificate and key the server speaks TLS, and its cookies are Secure', {
  skip: opensslMissing,
}, async t => {
  const app = await build(t, makeCertificate(t))
  await app.listen({ port: 0 })
  const { port } = app.server.address() as AddressInfo
  const headers = await new Promise<Record<string, unknown>>((resolve, reject) => {
    const asked = request({ port, path: '/auth/register', method: 'POST', rejectUnauthorized: false })
    asked.setHeader('content-type', 'application/json')
    asked.on('response', answer => resolve(answer.resume().headers)).on('error', reject)
    asked.end(JSON.stringify({ username: 'minji', password: PASSWORD }))
  })
  t.match(headers, { 'strict-transport-security': String, 'set-cookie': [/; Secure/] })
})

test('missing, invalid or mismatched TLS files are reported in one sentence', { skip: opensslMissing }, async t => {
  const [one, other] = [makeCertificate(t), makeCertificate(t)]
  const broken = join(temporaryFolder(t), 'broken.pem')
  writeFileSync(broken, 'no PEM')
  const open = (env: Record<string, string>) => () => Fastify(serverOptions(readConfig(env)))
  t.throws(open({ ...one, TLS_CERT_FILE: '/nowhere' }), {
    message: /^TLS_CERT_FILE names a file that cannot be read: .*: it does not exist$/,
  })
  const message = /^TLS_CERT_FILE and TLS_KEY_FILE must hold a certificate/
  t.throws(open({ ...one, TLS_KEY_FILE: other.TLS_KEY_FILE }), { message })
  t.throws(open({ ...one, TLS_KEY_FILE: broken }), { message })
})
