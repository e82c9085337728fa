import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { Test } from 'tap'
import { temporaryFolder } from './application.js'
import { eventually } from './eventually.js'
import { programMissing } from './missing.js'
import { freePort, listens } from './port.js'

export const nginxMissing = programMissing('nginx', '-v')

/** What `location /` has beside `proxy_pass`, so that sockets and origins work. */
export const PASSES_ALL = `
  proxy_http_version 1.1;
  proxy_set_header Host $http_host;
  proxy_set_header Upgrade $http_upgrade;
  proxy_set_header Connection $http_connection;`

/**
 * Starts nginx before a server on another port of this machine, for one test.
 * @param location the directives of `location /` beside `proxy_pass`
 * @param certificate for TLS, which ends at the proxy
 */
export async function startNginx(
  t: Test,
  server_port: number,
  location: string,
  certificate?: { TLS_CERT_FILE: string; TLS_KEY_FILE: string },
) {
  const folder = temporaryFolder(t)
  const port = await freePort()
  const path = join(folder, 'nginx.conf')
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    name => `${name}_temp_path ${folder}/${name};`,
  )
  const tls = certificate
    ? `ssl_certificate ${certificate.TLS_CERT_FILE}; ssl_certificate_key ${certificate.TLS_KEY_FILE};`
    : ''
  const write = (location: string) =>
    writeFileSync(
      path,
      `events { worker_connections 64; }
      http {
        access_log off; ${temporary.join(' ')}
        server {
          listen 127.0.0.1:${port}${certificate ? ' ssl' : ''}; ${tls}
          location / { proxy_pass http://127.0.0.1:${server_port}; ${location} }
        }
      }`,
    )
  write(location)
  const user = process.getuid?.() === 0 ? ' user root;' : ''
  const args = ['-p', folder, '-e', 'stderr', '-c', path, '-g', `daemon off; pid ${folder}/pid;${user}`]
  const nginx = spawn('nginx', args, { stdio: ['ignore', 'ignore', 'pipe'] })
  const said = text(nginx.stderr)
  const ended = once(nginx, 'exit')
  t.after(async () => {
    nginx.kill('SIGTERM')
    await ended
  })
  await eventually(async () => {
    if (nginx.exitCode !== null) throw new Error(await said)
    return listens(port)
  })
  return {
    port,
    url: `${certificate ? 'https' : 'http'}://127.0.0.1:${port}`,
    /** Gives it another `location /`, which new connections get soon. */
    change(location: string) {
      write(location)
      nginx.kill('SIGHUP')
    },
  }
}
