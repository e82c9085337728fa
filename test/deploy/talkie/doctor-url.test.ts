import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { type Test, test } from 'tap'
import { checkAddress } from '../../../deploy/talkie/doctor/address.js'
import { build } from '../../support/application.js'
import { makeCertificate, opensslMissing } from '../../support/certificate.js'
import { run } from '../../support/command.js'
import { nginxMissing, PASSES_ALL, startNginx } from '../../support/nginx.js'
import { freePort } from '../../support/port.js'

const TALKIE = fileURLToPath(new URL('../../../deploy/talkie/talkie.js', import.meta.url))
const skip = nginxMissing

/** A server behind nginx. @param location its directives beside `proxy_pass` */
async function behind(t: Test, location: string, env: Record<string, string> = {}) {
  const app = await build(t, { METRICS_TOKEN: 'a token for metrics', ...env })
  await app.listen({ host: '127.0.0.1', port: 0 })
  return startNginx(t, (app.server.address() as AddressInfo).port, location)
}

/** The findings that are not ok. */
const found = async (url: string) => (await checkAddress(url)).filter(({ state }) => state !== 'ok')

test('doctor --url finds nothing wrong with a server behind a proxy that passes everything', { skip }, async t => {
  const { url } = await behind(t, PASSES_ALL)
  const { code, stdout, stderr } = await run(['doctor', '--url', url], {})
  t.same([code, stderr], [0, []])
  t.match(stdout, [/^ok +url +the server answers/, /^ok +origin/, /^ok +socket +WebSockets pass/, /^ok +metrics/])
})

test('doctor --url tells of a proxy that lets no WebSocket pass', { skip }, async t => {
  const { url } = await behind(t, 'proxy_set_header Host $http_host;')
  t.match(await found(url), [
    { state: 'fail', subject: 'socket', message: /^a proxy lets no WebSocket pass \(status 426\)/, fix: /Upgrade/ },
  ])
  const { code } = await run(['doctor', '--url', url], {})
  t.equal(code, 1)
})

test('doctor --url tells of a proxy that drops the subprotocol', { skip }, async t => {
  const { url } = await behind(t, `${PASSES_ALL} proxy_set_header Sec-WebSocket-Protocol "";`)
  t.match(await found(url), [{ state: 'fail', subject: 'socket', message: /Sec-WebSocket-Protocol/ }])
})

test('doctor --url tells which part of the origin a proxy changes', { skip }, async t => {
  const other = await behind(t, PASSES_ALL.replace('$http_host', 'upstream'))
  t.match(await found(other.url), [{ state: 'fail', subject: 'origin', message: /another host/, fix: /Host: / }])
  const portless = await behind(t, PASSES_ALL.replace('$http_host', '$host'))
  t.match(await found(portless.url), [
    { subject: 'origin', message: /^the server takes itself for http:\/\/127.0.0.1, not/, fix: /\$http_host/ },
  ])
})

test('doctor --url tells of TLS that ends at a proxy which is not trusted', {
  skip: nginxMissing || opensslMissing,
}, async t => {
  const app = await build(t, { METRICS_TOKEN: 'a token for metrics' })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  const certificate = makeCertificate(t)
  const { url } = await startNginx(t, port, PASSES_ALL, certificate)
  const env = { PATH: process.env.PATH, NODE_EXTRA_CA_CERTS: certificate.TLS_CERT_FILE }
  const lines = await new Promise<string>(resolve =>
    execFile(process.execPath, [TALKIE, 'doctor', '--url', url], { env }, (_, stdout) => resolve(stdout)),
  )
  t.match(lines, /fail +origin +the server takes itself for http:\/\/127.0.0.1:\d+, not https:/)
  t.match(lines, /X-Forwarded-Proto, and TRUST_PROXY/)
  t.match(lines, /ok +socket/)
  t.match(await found(url), [{ subject: 'url', message: /does not answer: self-signed certificate/ }])
})

test('doctor --url tells of a name that is not allowed, and of public metrics', { skip }, async t => {
  const named = await behind(t, PASSES_ALL.replace('$http_host', 'chat.example'), { ALLOWED_HOSTS: 'talk.example' })
  t.match(await found(named.url), [
    { state: 'fail', subject: 'url', message: /refuses the name/, fix: /ALLOWED_HOSTS/ },
  ])
  const app = await build(t)
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  t.match(await found(url), [{ state: 'warn', subject: 'metrics', fix: /METRICS_TOKEN/ }])
})

test('doctor --url tells what answers instead of the server', async t => {
  const other = createServer(({ url }, response) => {
    if (url === '/health') response.writeHead(302, { location: 'https://chat.example/' })
    response.end()
  }).listen(0, '127.0.0.1')
  t.after(() => other.close())
  await new Promise(resolve => other.once('listening', resolve))
  const url = `http://127.0.0.1:${(other.address() as AddressInfo).port}`
  t.match(await found(url), [{ subject: 'url', message: /redirects to https:\/\/chat.example/ }])
  t.match(await found(`http://localhost:${await freePort()}`), [
    { subject: 'url', message: /the connection to \S+ is refused/ },
  ])
  t.match(await found(`${url}/chat/`), [{ subject: 'url', message: /has a path/ }])
  t.match(await found('chat.example'), [{ subject: 'url', message: /is not an http or https URL/ }])
})

test('under a path of another host the page finds none of its files, and doctor and operating.md say so', {
  skip,
}, async t => {
  const { url } = await behind(
    t,
    `${PASSES_ALL} if ($uri !~ "^/chat/") { return 404; } rewrite ^/chat/(.*)$ /$1 break;`,
  )
  const page = await (await fetch(`${url}/chat/`)).text()
  const files = [...page.matchAll(/(?:src|href)="(\/[^"]+\.(?:js|css))"/g)].map(([, path = '']) => path)
  t.ok(files.length > 0)
  for (const file of files) t.equal((await fetch(`${url}${file}`)).status, 404, file)
  t.match(await found(`${url}/chat/`), [
    { state: 'fail', subject: 'url', message: /has a path/, fix: /host name of its own/ },
  ])
  const guide = readFileSync(new URL('../../../../docs/operating.md', import.meta.url), 'utf8')
  t.match(guide, /needs a host name of its own; a path\s+of another site does not work/)
})
