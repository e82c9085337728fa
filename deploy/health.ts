import { get as overHttp } from 'node:http'
import { get as overTls } from 'node:https'

/** The container's health check, because the image has no curl: exits with 0 if the server answers that it is alive. */

const TIMEOUT_MS = 3000

/** As in the configuration, a variable of nothing but spaces is unset. */
const [host = '127.0.0.1', port = '8080', certificate] = ['HOST', 'PORT', 'TLS_CERT_FILE'].map(
  name => process.env[name]?.trim() || undefined,
)
/** A server on every address answers on the local one, too; on `::` perhaps by IPv6 alone. */
const local: Record<string, string> = { '0.0.0.0': '127.0.0.1', '::': '::1' }
const options = { host: local[host] ?? host, port, path: '/health', timeout: TIMEOUT_MS }
const request = certificate
  ? // The certificate is for the public name, not for this address.
    overTls({ ...options, rejectUnauthorized: false })
  : overHttp(options)

request
  .on('response', ({ statusCode }) => process.exit(statusCode === 200 ? 0 : 1))
  .on('timeout', () => process.exit(1))
  .on('error', () => process.exit(1))
