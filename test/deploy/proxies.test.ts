import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { type RequestOptions as HttpOptions, request as overHttp } from 'node:http'
import { request as overTls } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { type Test, test } from 'tap'
import { WebSocket } from 'ws'
import { build, PASSWORD, temporaryFolder } from '../support/application.js'
import { makeCertificate, opensslMissing } from '../support/certificate.js'
import { eventually } from '../support/eventually.js'
import { programMissing } from '../support/missing.js'
import { freePort } from '../support/port.js'
import { top } from '../support/process.js'

/** An address of this machine other than the proxy's. */
const CLIENT = '127.0.0.2'
const CLAIMED = '203.0.113.7'

interface Ports {
  http: number
  https: number
  server: number
}

/** How to start each proxy with its file in deploy/; only ports, paths and privileged settings are changed. */
const proxies: Record<string, (t: Test, ports: Ports, certificate: { cert: string; key: string }) => string[]> = {
  nginx(t, ports, { cert, key }) {
    const folder = temporaryFolder(t)
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
      name => `${name}_temp_path ${folder}/${name};`,
    )
    const path = changed(t, 'nginx.conf', ports, [
      ['/etc/ssl/chat.example.org/fullchain.pem', cert],
      ['/etc/ssl/chat.example.org/privkey.pem', key],
      ['worker_rlimit_nofile 65536;', ''],
      ['worker_connections 16384;', 'worker_connections 64;'],
      ['listen 80;', `listen 127.0.0.1:${ports.http};`],
      ['listen 443 ssl;', `listen 127.0.0.1:${ports.https} ssl;`],
      ['http {', `http { access_log off; ${temporary.join(' ')}`],
    ])
    const user = process.getuid?.() === 0 ? ' user root;' : ''
    return ['-p', folder, '-e', 'stderr', '-c', path, '-g', `daemon off; pid ${folder}/pid;${user}`]
  },
  haproxy(t, ports, { cert, key }) {
    const pem = join(temporaryFolder(t), 'both.pem')
    writeFileSync(pem, readFileSync(cert, 'utf8') + readFileSync(key, 'utf8'))
    const path = changed(t, 'haproxy.cfg', ports, [
      ['/etc/haproxy/chat.example.org.pem', pem],
      ['maxconn 16384', 'maxconn 64'],
      ['bind :80', `bind 127.0.0.1:${ports.http}`],
      ['bind :443', `bind 127.0.0.1:${ports.https}`],
    ])
    return ['-db', '-f', path]
  },
}

/** A copy of one of the files that points to the test's server. */
function changed(t: Test, name: string, ports: Ports, changes: [string, string][]): string {
  let configuration = readFileSync(join(top, 'deploy', name), 'utf8')
  const servers: [string, string][] = [8080, 8081].map(port => [`127.0.0.1:${port}`, `127.0.0.1:${ports.server}`])
  for (const [from, to] of [...changes, ...servers]) {
    t.match(configuration, from, `${name} has ${from}`)
    configuration = configuration.replace(from, to)
  }
  const path = join(temporaryFolder(t), name)
  writeFileSync(path, configuration)
  return path
}

interface Asked {
  status: number | undefined
  headers: Record<string, string | string[] | undefined>
  body: string
}

async function ask(url: string, options: HttpOptions = {}, payload?: string): Promise<Asked> {
  const make = url.startsWith('https:') ? overTls : overHttp
  const asked = make(url, { ...options, rejectUnauthorized: false } as HttpOptions)
  asked.end(payload)
  const [answer] = await once(asked, 'response')
  return { status: answer.statusCode, headers: answer.headers, body: await text(answer) }
}

for (const [program, args] of Object.entries(proxies)) {
  test(`${program} with the configuration in deploy/ forwards HTTP and sockets over TLS, and clients cannot spoof addresses`, {
    skip: opensslMissing || programMissing(program, '-v'),
  }, async t => {
    const app = await build(
      t,
      { TRUST_PROXY: '127.0.0.1' },
      { after: fastify => fastify.get('/seen', async ({ ip, protocol, host }) => ({ ip, protocol, host })) },
    )
    const direct = await app.listen({ host: '127.0.0.1', port: 0 })
    const ports = {
      http: await freePort(),
      https: await freePort(),
      server: (app.server.address() as AddressInfo).port,
    }
    const { TLS_CERT_FILE: cert, TLS_KEY_FILE: key } = makeCertificate(t)
    const proxy = spawn(program, args(t, ports, { cert, key }), { stdio: ['ignore', 'ignore', 'pipe'] })
    const ended = once(proxy, 'exit')
    t.teardown(async () => {
      proxy.kill('SIGTERM')
      await ended
    })
    const said = text(proxy.stderr)
    const host = `127.0.0.1:${ports.https}`
    const origin = `https://${host}`
    await eventually(async () => {
      if (proxy.exitCode !== null) throw new Error(await said)
      return ask(`${origin}/ready`).then(
        ({ status }) => status === 200,
        () => false,
      )
    })

    const plain = await ask(`http://127.0.0.1:${ports.http}/r/default`)
    t.equal(plain.status, 301)
    t.match(plain.headers.location, /^https:\/\/127\.0\.0\.1.*\/r\/default$/)

    // Spoofed headers are ignored, through the proxy and directly.
    const claims = {
      localAddress: CLIENT,
      headers: { 'x-forwarded-for': CLAIMED, 'x-forwarded-proto': 'gopher', 'x-forwarded-host': 'evil.example' },
    }
    t.same(JSON.parse((await ask(`${origin}/seen`, claims)).body), { ip: CLIENT, protocol: 'https', host })
    const past = JSON.parse((await ask(`${direct}/seen`, claims)).body)
    t.match(past, { ip: CLIENT, protocol: 'http', host: direct.slice('http://'.length) })

    t.equal((await ask(`${direct}/metrics`)).status, 200)
    for (const path of ['/metrics', '/%6detrics', '/metrics?x=1', '//metrics', '/./metrics', '/x/../metrics']) {
      t.equal((await ask(origin, { path })).status, 404, `${path} is not passed on`)
    }
    t.equal((await ask(`${origin}/docs/openapi.yaml`)).status, 200)
    t.notMatch((await ask(`${origin}/metrics`)).headers.server, /\d/, 'no version')

    const headers = { 'content-type': 'application/json' }
    const account = JSON.stringify({ username: 'minji', password: PASSWORD })
    const registered = await ask(`${origin}/auth/register`, { method: 'POST', headers }, account)
    t.equal(registered.status, 201)
    t.ok(registered.headers['strict-transport-security'])
    const cookie = String(registered.headers['set-cookie'])
    t.match(cookie, /; Secure/)
    t.notMatch(
      String((await ask(`${direct}/auth/login`, { method: 'POST', headers }, account)).headers['set-cookie']),
      /Secure/,
    )

    // The server itself rejects bodies over 64 KiB.
    const large = await ask(`${origin}/auth/login`, { method: 'POST', headers }, ' '.repeat(100 * 1024))
    t.match(JSON.parse(large.body), { code: 'BODY_TOO_LARGE' })

    const open = (from: string) =>
      new WebSocket(`wss://${host}/rooms/default/ws`, {
        ...{ origin: from, headers: { cookie: cookie.split(';', 1)[0] }, rejectUnauthorized: false },
      })
    const ws = open(origin)
    t.teardown(() => ws.terminate())
    const [first] = await once(ws, 'message')
    t.match(JSON.parse(String(first)), { type: 'welcome', room_id: 'default' })
    const answered = new Promise<object>(resolve =>
      ws.on('message', data => isAck(data) && resolve(JSON.parse(String(data)))),
    )
    ws.send(JSON.stringify({ type: 'send', room_id: 'default', client_id: 'by-proxy', text: '안녕하세요' }))
    t.match(await answered, { type: 'ack', client_id: 'by-proxy' })
    for (const foreign of [`http://${host}`, `https://127.0.0.1:${ports.http}`, 'https://evil.example']) {
      const refused = open(foreign)
      refused.on('error', () => {})
      const [, answer] = await once(refused, 'unexpected-response')
      t.equal(answer.statusCode, 403, foreign)
      answer.destroy()
    }
  })
}

const isAck = (data: unknown) => String(data).startsWith('{"type":"ack"')
