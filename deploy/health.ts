import { get as overHttp } from 'node:http'
import { get as overTls } from 'node:https'

/** The container's health check, because the image has no curl: exits with 0 if the server answers that it is alive. */

const TIMEOUT_MS = 3000

const { HOST, PORT, TLS_CERT_FILE } = process.env
/** A server on every address answers on the local one, too. */
const host = !HOST || HOST === '0.0.0.0' || HOST === '::' ? '127.0.0.1' : HOST
const options = { host, port: PORT || 8080, path: '/health', timeout: TIMEOUT_MS }
const request = TLS_CERT_FILE
  ? // The certificate is for the public name, not for this address.
    overTls({ ...options, rejectUnauthorized: false })
  : overHttp(options)

request
  .on('response', ({ statusCode }) => process.exit(statusCode === 200 ? 0 : 1))
  .on('timeout', () => process.exit(1))
  .on('error', () => process.exit(1))
