import { get as overHttp } from 'node:http'
import { get as overTls } from 'node:https'

/** For the health check of a container, which has no curl: ends with 0 if the server beside it says that it is alive. */

const TIMEOUT_MS = 3000

const { PORT, TLS_CERT_FILE } = process.env
const options = { host: '127.0.0.1', port: PORT || 8080, path: '/health', timeout: TIMEOUT_MS }
const request = TLS_CERT_FILE
  ? // The certificate is for the name that others know us by.
    overTls({ ...options, rejectUnauthorized: false })
  : overHttp(options)

request
  .on('response', ({ statusCode }) => process.exit(statusCode === 200 ? 0 : 1))
  .on('timeout', () => process.exit(1))
  .on('error', () => process.exit(1))
